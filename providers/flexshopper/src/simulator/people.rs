//! All customers and the tokens that speak for them. A token is good for the key that made it alone.

use std::collections::HashMap;

use jiff::Timestamp;

use super::person::{User, same_email};

/// Customers kept; the oldest is dropped for the next one.
const USERS_MAX: usize = 100_000;
/// Tokens kept before those that have ended are thrown away.
const TOKENS_MAX: usize = 100_000;

/// Whose token it is, for which key, and how long.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) user: String,
    pub(super) account: usize,
    pub(super) until: Timestamp,
}

/// Everybody.
#[derive(Default)]
pub(super) struct People {
    users: HashMap<String, User>,
    by_email: HashMap<String, String>,
    /// Oldest first.
    order: Vec<String>,
    tokens: HashMap<String, Token>,
}

impl People {
    pub(super) fn insert(&mut self, user: User) {
        self.by_email.insert(same_email(&user.email), user.id.clone());
        self.order.push(user.id.clone());
        self.users.insert(user.id.clone(), user);
        if self.order.len() > USERS_MAX {
            let oldest = self.order.remove(0);
            if let Some(gone) = self.users.remove(&oldest) {
                self.by_email.remove(&same_email(&gone.email));
            }
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.get_mut(id)
    }

    pub(super) fn id_of_email(&self, email: &str) -> Option<String> {
        self.by_email.get(&same_email(email)).cloned()
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &User> {
        self.order.iter().rev().filter_map(|id| self.users.get(id))
    }

    /// Remembers a token. Those that have ended go when there are too many.
    pub(super) fn add_token(&mut self, text: String, token: Token, now: Timestamp) {
        if self.tokens.len() >= TOKENS_MAX {
            self.tokens.retain(|_, known| known.until > now);
        }
        self.tokens.insert(text, token);
    }

    /// A token. Some answers put a quote before it, others do not.
    pub(super) fn token(&self, text: &str) -> Option<&Token> {
        self.tokens.get(text.trim_start_matches('"'))
    }

    /// Ends every token of a customer.
    pub(super) fn end_tokens(&mut self, user: &str) {
        self.tokens.retain(|_, token| token.user != user);
    }
}
