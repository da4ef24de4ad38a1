//! May events be sent to this URL? What can be said without looking a name up; the rest is checked on every connection.

use std::net::IpAddr;

use url::{Host, Url};

use crate::limits::URL_MAX_CHARS;
use crate::mode::Mode;
use crate::public_address::{is_loopback, not_public};

/// What is allowed beyond https to the public internet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardPolicy {
    /// 127.0.0.0/8 and ::1 as well. No other private address ever.
    pub allow_loopback: bool,
    /// Plain http as well.
    pub allow_http: bool,
}

impl GuardPolicy {
    /// Https to the public internet.
    pub const STRICT: Self = Self { allow_loopback: false, allow_http: false };

    /// What holds in a mode: live is always strict, test may be opened to this machine and plain http.
    pub fn of(mode: Mode, loopback_in_test_mode: bool) -> Self {
        match mode {
            Mode::Live => Self::STRICT,
            Mode::Test => Self { allow_loopback: loopback_in_test_mode, allow_http: loopback_in_test_mode },
        }
    }

    /// Whether a connection may be made to this address; the word says what it is when not.
    pub fn permits(self, address: IpAddr) -> Result<(), &'static str> {
        match not_public(address) {
            Some(_) if self.allow_loopback && is_loopback(address) => Ok(()),
            Some(word) => Err(word),
            None => Ok(()),
        }
    }
}

/// Why events are not sent to a URL. Never repeats the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// Longer than [`URL_MAX_CHARS`].
    #[error("the URL is longer than {URL_MAX_CHARS} characters")]
    TooLong,
    /// Not an absolute URL with a host.
    #[error("this is not a complete URL, such as https://shop.example/webhooks")]
    Unreadable,
    /// Another scheme.
    #[error("the URL must start with https://")]
    Scheme,
    /// A user name or a password stands in it.
    #[error("the URL must not hold a user name or a password; deliveries are signed instead")]
    Credentials,
    /// An address that is not public, however it is written.
    #[error("the URL leads to a {0} address, and events go to the public internet only")]
    Address(&'static str),
}

/// Reads a URL and refuses what can be refused without looking a name up. A name may still lead to a refused address.
pub fn check_url(text: &str, policy: GuardPolicy) -> Result<Url, UrlRefusal> {
    if text.chars().count() > URL_MAX_CHARS {
        return Err(UrlRefusal::TooLong);
    }
    let url = Url::parse(text).map_err(|_| UrlRefusal::Unreadable)?;
    match url.scheme() {
        "https" => {}
        "http" if policy.allow_http => {}
        _ => return Err(UrlRefusal::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::Credentials);
    }
    // `Url` has brought every notation of an address to its one form: 0x7f.1, 2130706433, a dot at the end.
    match url.host() {
        Some(Host::Ipv4(address)) => policy.permits(IpAddr::V4(address)).map_err(UrlRefusal::Address)?,
        Some(Host::Ipv6(address)) => policy.permits(IpAddr::V6(address)).map_err(UrlRefusal::Address)?,
        Some(Host::Domain(name)) if !policy.allow_loopback && names_this_machine(name) => {
            return Err(UrlRefusal::Address("loopback"));
        }
        Some(Host::Domain(_)) => {}
        None => return Err(UrlRefusal::Unreadable),
    }
    Ok(url)
}

/// Scheme, host and a port that is not the usual one: what may be told of a URL to others, as its path or query may hold
/// a token. None when there is no such part.
pub fn url_origin(text: &str) -> Option<String> {
    let origin = Url::parse(text).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Names that mean this machine wherever they are looked up (RFC 6761, 6.3).
fn names_this_machine(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: GuardPolicy = GuardPolicy { allow_loopback: true, allow_http: true };

    #[test]
    fn an_origin_holds_nothing_that_may_be_a_token() {
        for (url, origin) in [
            ("https://shop.example/hooks/t0ken?key=t0ken#t0ken", Some("https://shop.example")),
            ("https://t0ken:t0ken@Shop.Example:443/", Some("https://shop.example")),
            ("https://shop.example:8443/t0ken", Some("https://shop.example:8443")),
            ("http://[::1]:80/t0ken", Some("http://[::1]")),
            ("mailto:t0ken@shop.example", None),
            ("t0ken", None),
        ] {
            assert_eq!(url_origin(url).as_deref(), origin, "{url}");
        }
    }

    #[test]
    fn every_notation_of_a_refused_address_is_refused() {
        for (host, word) in [
            ("127.0.0.1", "loopback"),
            ("127.1", "loopback"),
            ("0x7f.1", "loopback"),
            ("0X7F000001", "loopback"),
            ("2130706433", "loopback"),
            ("0177.0.0.1", "loopback"),
            ("017700000001", "loopback"),
            ("127.0.0.1.", "loopback"),
            ("%31%32%37.0.0.1", "loopback"),
            // Full-width digits and the ideographic full stop.
            ("１２７。０。０。１", "loopback"),
            ("localhost", "loopback"),
            ("LOCALHOST.", "loopback"),
            ("api.localhost", "loopback"),
            ("[::1]", "loopback"),
            ("[0:0:0:0:0:0:0:1]", "loopback"),
            ("0", "unspecified"),
            ("0.0.0.0", "unspecified"),
            ("[::]", "unspecified"),
            ("10.0.0.1", "private"),
            ("0xa.0.0.1", "private"),
            ("167772161", "private"),
            ("172.16.0.1", "private"),
            ("192.168.1.1", "private"),
            ("0300.0250.1.1", "private"),
            ("169.254.169.254", "link-local"),
            ("2852039166", "link-local"),
            ("0xA9FEA9FE", "link-local"),
            ("100.100.100.200", "shared"),
            ("224.0.0.1", "multicast"),
            ("255.255.255.255", "broadcast"),
            ("[::ffff:10.0.0.1]", "IPv4-mapped"),
            ("[::ffff:a00:1]", "IPv4-mapped"),
            ("[0:0:0:0:0:ffff:127.0.0.1]", "IPv4-mapped"),
            ("[::127.0.0.1]", "IPv4-compatible"),
            ("[64:ff9b::a9fe:a9fe]", "NAT64"),
            ("[64:ff9b:1::a00:1]", "NAT64"),
            ("[2002:7f00:1::]", "6to4"),
            ("[2001:0:a00:1::]", "Teredo"),
            ("[fd00:ec2::254]", "unique local"),
            ("[fe80::1]", "link-local"),
            ("[fec0::1]", "site-local"),
            ("[ff02::1]", "multicast"),
        ] {
            let url = format!("https://{host}:8443/hook?a=1");
            assert_eq!(check_url(&url, GuardPolicy::STRICT).unwrap_err(), UrlRefusal::Address(word), "{url}");
        }
    }

    #[test]
    fn only_https_without_credentials_is_taken() {
        use UrlRefusal as R;
        for (url, refusal) in [
            ("", R::Unreadable),
            ("shop.example/hook", R::Unreadable),
            ("//shop.example/hook", R::Unreadable),
            ("https://", R::Unreadable),
            ("https://[fe80::1%25eth0]/", R::Unreadable),
            ("https://256.0.0.1/", R::Unreadable),
            ("https://1.2.3.4.5/", R::Unreadable),
            ("https://shop.example:99999/", R::Unreadable),
            ("http://shop.example/", R::Scheme),
            ("HTTP://shop.example/", R::Scheme),
            ("file:///etc/passwd", R::Scheme),
            ("ftp://shop.example/", R::Scheme),
            ("gopher://shop.example/_x", R::Scheme),
            ("data:text/plain,x", R::Scheme),
            ("unix:/run/docker.sock", R::Scheme),
            ("ws://shop.example/", R::Scheme),
            ("https://user@shop.example/", R::Credentials),
            ("https://user:pass@shop.example/", R::Credentials),
            ("https://:pass@shop.example/", R::Credentials),
        ] {
            assert_eq!(check_url(url, GuardPolicy::STRICT).unwrap_err(), refusal, "{url}");
            if !url.to_ascii_lowercase().starts_with("http://") {
                assert_eq!(check_url(url, OPEN).unwrap_err(), refusal, "{url}");
            }
        }
        // The host is what stands after the last @: a refused one cannot hide behind a public one.
        assert_eq!(check_url("https://shop.example@10.0.0.1/", OPEN).unwrap_err(), R::Credentials);
        assert_eq!(check_url("https:\\\\10.0.0.1\\hook", OPEN).unwrap_err(), R::Address("private"));
        let long = format!("https://shop.example/{}", "a".repeat(URL_MAX_CHARS));
        assert_eq!(check_url(&long, GuardPolicy::STRICT).unwrap_err(), R::TooLong);
    }

    #[test]
    fn the_public_internet_is_taken() {
        for url in [
            "https://shop.example/webhooks?x=1#y",
            "https://shop.example:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://bücher.example/",
            "https://localhost.example/",
        ] {
            assert!(check_url(url, GuardPolicy::STRICT).is_ok(), "{url}");
        }
    }

    #[test]
    fn an_open_policy_opens_loopback_and_nothing_else() {
        for url in ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:1/", "http://0x7f.1/"] {
            assert!(check_url(url, OPEN).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/"] {
            assert!(matches!(check_url(url, OPEN), Err(UrlRefusal::Address(_))), "{url}");
        }
        assert_eq!(GuardPolicy::of(Mode::Live, true), GuardPolicy::STRICT);
        assert_eq!(GuardPolicy::of(Mode::Test, false), GuardPolicy::STRICT);
        assert_eq!(GuardPolicy::of(Mode::Test, true), OPEN);
    }
}
