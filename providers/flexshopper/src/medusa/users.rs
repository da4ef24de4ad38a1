//! Users, their tokens and their decisions (4.1 to 4.6, 4.12).

use std::net::IpAddr;

use lendport_core::Secret;
use serde::Deserialize;

use super::person_bodies::{ApplyBody, LookBody, UserBody};
use super::{Call, Medusa};
use crate::credential::CustomerToken;
use crate::endpoint::Endpoint;
use crate::error::{self, Failed, Refusal};
use crate::field::{Field, Opaque, Word, objects};
use crate::person::{Application, NewUser, PersonLook};
use crate::wire::{self, DeepMatch, Page, User, UserMatch};

/// What became of a create.
#[derive(Debug)]
pub enum UserMade {
    /// There is a new user.
    Made {
        /// FlexShopper's id.
        user_id: String,
        /// What the user signs in with.
        token: CustomerToken,
    },
    /// There was one already: look it up and authorize.
    ThereAlready,
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageAsk {
    /// From 1 to 1000.
    pub page: u32,
    /// Rows on a page, from 1 to 1000.
    pub limit: u32,
}

impl PageAsk {
    /// FlexShopper's largest number of either.
    pub const MAX: u32 = 1_000;

    pub(super) fn query(self) -> Vec<(&'static str, String)> {
        let bounded = |number: u32| number.clamp(1, Self::MAX).to_string();
        vec![("page", bounded(self.page)), ("limit", bounded(self.limit))]
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenAnswer {
    #[serde(default)]
    user_id: Field<Word>,
    token: Opaque,
}

objects!(TokenAnswer);

impl Medusa<'_> {
    /// Whose e-mail address this is (4.1). `exists` false, no id, and not found are all none.
    pub async fn user_exists(&self, email: &Secret<String>) -> Result<Option<String>, Failed> {
        let endpoint = Endpoint::UserExists;
        let call = Call::to(endpoint).asking(vec![("email", email.expose().clone())]);
        let answer = match self.get(call).await {
            Err(failed) if failed.refusal == Some(Refusal::NotFound) => return Ok(None),
            answered => answered?,
        };
        let found: UserMatch = Self::read(&answer, endpoint, wire::data)?;
        let exists = found.exists.value() != Some(&false);
        Ok(found.user_id.into_value().map(|id| id.0).filter(|id| exists && !id.is_empty()))
    }

    /// What of a person is known already (4.2).
    pub async fn user_exists_deeply(&self, person: &PersonLook) -> Result<DeepMatch, Failed> {
        let endpoint = Endpoint::UserExistsDeeply;
        let answer = self.post(Call::to(endpoint), &LookBody::from(person)).await?;
        Self::read(&answer, endpoint, wire::data)
    }

    /// Makes a user (4.3).
    pub async fn create_user(&self, user: &NewUser) -> Result<UserMade, Failed> {
        let endpoint = Endpoint::CreateUser;
        let answer = match self.post(Call::to(endpoint), &UserBody::from(user)).await {
            Err(failed) if failed.refusal == Some(Refusal::UserExists) => return Ok(UserMade::ThereAlready),
            answered => answered?,
        };
        let made: TokenAnswer = Self::read(&answer, endpoint, wire::data)?;
        let user_id = made.user_id.into_value().map(|id| id.0).filter(|id| !id.is_empty());
        let user_id = user_id.ok_or_else(|| error::unreadable(&answer, endpoint))?;
        Ok(UserMade::Made { user_id, token: CustomerToken::new(made.token, self.mark) })
    }

    /// Makes a token for a user (4.4).
    pub async fn authorize(&self, user_id: &str) -> Result<CustomerToken, Failed> {
        let endpoint = Endpoint::Authorize;
        let answer = self.get(Call::on(endpoint, user_id)).await?;
        let made: TokenAnswer = Self::read(&answer, endpoint, wire::data)?;
        Ok(CustomerToken::new(made.token, self.mark))
    }

    /// The user with the decision (4.5).
    pub async fn user(&self, token: &CustomerToken) -> Result<User, Failed> {
        let endpoint = Endpoint::User;
        let answer = self.get(Call::to(endpoint).of(token)).await?;
        Self::read(&answer, endpoint, wire::data)
    }

    /// A page of all the vendor's users (4.6). Everybody's data: never shown to anybody.
    pub async fn users(&self, ask: PageAsk) -> Result<Page<User>, Failed> {
        let endpoint = Endpoint::Users;
        let answer = self.get(Call::to(endpoint).asking(ask.query())).await?;
        Self::read(&answer, endpoint, |body| wire::page(body, "users"))
    }

    /// Asks for a spending limit (4.12). After no answer, or 502, read [`Medusa::user`] before asking again.
    pub async fn apply(
        &self,
        token: &CustomerToken,
        application: &Application,
        customer_ip: Option<IpAddr>,
    ) -> Result<User, Failed> {
        let endpoint = Endpoint::Apply;
        let body = ApplyBody::of(application)?;
        let mut call = Call::to(endpoint).of(token);
        call.headers.extend(customer_ip.map(|ip| ("customer-ip", ip.to_string())));
        let answer = self.post(call, &body).await?;
        Self::read(&answer, endpoint, wire::data)
    }
}
