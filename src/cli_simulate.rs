//! What may be typed behind `lendport simulate`.

use std::net::SocketAddr;

use clap::Args;
use lendport_core::Secret;

/// `lendport simulate`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  lendport simulate sandbox
  lendport simulate sandbox --bind 127.0.0.1:9001 --account api_key=secret

It prints its account and the settings that point a gateway at it. Below /_sim/ is its manual, and what lets payers pay.")]
pub struct Simulate {
    /// The provider's name, as in `GET /v1/providers`.
    pub provider: String,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub bind: SocketAddr,
    /// Field of the account it accepts; may be repeated. Those not given are made up and printed.
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    pub account: Vec<Field>,
    /// User it accepts: --account username=TEXT.
    #[arg(long, value_name = "TEXT")]
    pub username: Option<String>,
    /// Password it accepts: --account password=TEXT.
    #[arg(long, value_name = "TEXT", value_parser = secret)]
    pub password: Option<Secret<String>>,
    /// Merchant id it accepts: --account merchant_id=TEXT.
    #[arg(long, value_name = "TEXT")]
    pub merchant_id: Option<String>,
    /// Milliseconds until an unanswered postback is sent again. Overrides simulator.resend_interval_ms.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    pub resend_interval_ms: Option<u64>,
}

impl Simulate {
    /// All fields of the account that were given, however they were.
    pub fn fields(&self) -> Vec<Field> {
        let named = [
            ("username", self.username.clone().map(Secret::new)),
            ("password", self.password.clone()),
            ("merchant_id", self.merchant_id.clone().map(Secret::new)),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some(Field { name: name.to_owned(), value: value? }));
        self.account.iter().cloned().chain(named).collect()
    }
}

/// A field of an account.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, as in the provider's account.
    pub name: String,
    /// Kept out of `Debug` like any other, for some are secrets.
    pub value: Secret<String>,
}

fn field(text: &str) -> Result<Field, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok(Field { name: name.to_owned(), value: Secret::from(value) })
        }
        _ => Err("write NAME=VALUE, such as api_key=secret".to_owned()),
    }
}

/// Keeps what was typed out of `Debug`.
#[expect(clippy::unnecessary_wraps, reason = "the form clap asks of a parser")]
fn secret(text: &str) -> Result<Secret<String>, std::convert::Infallible> {
    Ok(Secret::from(text))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(line: &str) -> Result<Simulate, String> {
        match Cli::try_parse_from(line.split(' ')).map(Cli::into_command) {
            Ok(Command::Simulate(simulate)) => Ok(simulate),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn what_was_typed_of_an_account_is_not_printed() {
        let line = "lendport simulate p --username u --password hunter2 --merchant-id 1 --resend-interval-ms 50";
        let simulate = parse(&format!("{line} --account api_key=a=b --account push_secret=c")).unwrap();
        assert!(!format!("{simulate:?}").contains("hunter2") && !format!("{simulate:?}").contains("a=b"));
        let fields: Vec<_> =
            simulate.fields().into_iter().map(|field| format!("{}: {}", field.name, field.value.expose())).collect();
        assert_eq!(fields, ["api_key: a=b", "push_secret: c", "username: u", "password: hunter2", "merchant_id: 1"]);
        assert_eq!(simulate.resend_interval_ms, Some(50));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(parse("lendport simulate p --resend-interval-ms 0").unwrap_err().contains("1..="));
        assert!(parse("lendport simulate").unwrap_err().contains("<PROVIDER>"));
        for field in ["api_key", "=secret", "api_key="] {
            let said = parse(&format!("lendport simulate p --account {field}")).unwrap_err();
            assert!(said.contains("write NAME=VALUE"), "{said}");
        }
    }
}
