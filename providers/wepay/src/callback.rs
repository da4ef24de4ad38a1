//! Where WePay may be told to send its notices: not to this machine or network, and not to itself (question 28).

use std::net::IpAddr;

use lendport_core::public_address::not_public;
use lendport_core::{ProviderError, Secret, url_origin};
use lendport_outbound::Url;

use crate::account::setup;
use crate::text::Text;

/// WePay's own API hosts end so. A server that stands in for it takes any address.
const API_DOMAIN: &str = "wepayapi.com";

/// The callback address as it may be sent. The message never shows more than its origin, for the rest is a secret.
pub(crate) fn callback_uri(address: &Secret<String>, base: &Url) -> Result<Text<2083>, ProviderError> {
    let text =
        Text::new(address.expose().clone()).ok_or_else(|| setup("The callback address is too long for WePay."))?;
    let is_wepay = base.host_str().is_some_and(|host| host == API_DOMAIN || host.ends_with(".wepayapi.com"));
    match refusal(address.expose()).filter(|_| is_wepay) {
        None => Ok(text),
        Some(why) => {
            let origin = url_origin(address.expose()).unwrap_or_default();
            Err(setup(&format!("WePay takes no notices address at {origin}: {why}. Set server.public_url.")))
        }
    }
}

fn refusal(address: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(address) else { return Some("it is not an address") };
    if !matches!(url.scheme(), "http" | "https") {
        return Some("it is not an http address");
    }
    if address.to_ascii_lowercase().contains("wepay.com") {
        return Some("it holds wepay.com");
    }
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    if host.is_empty() || host == "localhost" || host.ends_with(".localhost") {
        return Some("it is this machine");
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match literal {
        Ok(ip) if not_public(ip).is_some() => Some("it is not on the public internet"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wepay_gets_public_addresses_only() {
        let stage = Url::parse("https://stage.wepayapi.com/v2").unwrap();
        let fits = |text: &str| callback_uri(&Secret::from(text), &stage).is_ok();
        assert!(fits("https://pay.example.com/callbacks/wepay/token"));
        assert!(fits("http://8.8.8.8:8080/callbacks/wepay/token"));
        for wrong in [
            "http://localhost/callbacks/wepay/token",
            "http://localhost.:8080/callbacks/wepay/token",
            "http://127.0.0.1:8080/callbacks/wepay/token",
            "http://127.1/callbacks/wepay/token",
            "http://[::1]/callbacks/wepay/token",
            "http://10.1.2.3/callbacks/wepay/token",
            "http://169.254.169.254/callbacks/wepay/token",
            "https://www.wepay.com/callbacks/wepay/token",
            "https://shop.example/WePay.com/token",
            "ftp://shop.example/token",
            "token",
            &format!("https://shop.example/{}", "a".repeat(2_083)),
        ] {
            let error = callback_uri(&Secret::from(wrong), &stage).unwrap_err();
            assert!(!error.message.contains("/token"), "{wrong}: {}", error.message);
        }
    }

    #[test]
    fn a_stand_in_gets_any_address() {
        let simulator = Url::parse("http://127.0.0.1:9003/v2").unwrap();
        assert!(callback_uri(&Secret::from("http://127.0.0.1:8080/callbacks/wepay/token"), &simulator).is_ok());
        let lookalike = Url::parse("https://notwepayapi.com/v2").unwrap();
        assert!(callback_uri(&Secret::from("http://127.0.0.1/"), &lookalike).is_ok());
    }
}
