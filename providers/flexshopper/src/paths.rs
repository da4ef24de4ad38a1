//! The table of paths: one per call, each a default that the configuration may replace, because some are inferred and the
//! editions of the documents differ (questions 2, 7 and section 3).

use std::collections::BTreeMap;

use lendport_outbound::Url;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::endpoint::{Endpoint, parameter};

/// Longest id that is put into a path, in bytes; lease ids are JWTs.
const ID_MAX_BYTES: usize = 4_096;

/// One path per call. What the configuration does not name has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths(BTreeMap<Endpoint, String>);

impl Paths {
    /// The path of a call.
    pub fn of(&self, endpoint: Endpoint) -> String {
        self.0.get(&endpoint).cloned().unwrap_or_else(|| endpoint.spec().path.to_owned())
    }

    /// The address of a call below `base`. None when the id cannot stand in a path.
    pub fn url(&self, base: &Url, endpoint: Endpoint, id: Option<&str>) -> Option<Url> {
        let mut url = base.clone();
        let path = self.of(endpoint);
        {
            let mut segments = url.path_segments_mut().ok()?;
            segments.pop_if_empty();
            for segment in path.split('/').skip(1) {
                if segment.starts_with('{') {
                    // The parser would drop a dot segment, and leave another address behind.
                    segments.push(id.filter(|id| fits(id))?);
                } else {
                    segments.push(segment);
                }
            }
        }
        Some(url)
    }
}

fn fits(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && id.len() <= ID_MAX_BYTES && !id.contains(char::is_control)
}

/// A path as the configuration may write it: absolute, plain, with the very parameter of its call.
fn is_path_of(path: &str, endpoint: Endpoint) -> bool {
    let wanted = endpoint.parameter();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let plain = |segment: &&str| {
        let known = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
        known && !matches!(*segment, "" | "." | "..")
    };
    let (parameters, others): (Vec<&str>, Vec<&str>) =
        segments.iter().partition(|segment| segment.contains(['{', '}']));
    let parameters_fit = match (parameters.as_slice(), wanted) {
        ([], None) => true,
        ([one], Some(name)) => *one == format!("{{{name}}}"),
        _ => false,
    };
    path.starts_with('/') && !segments.is_empty() && others.iter().all(plain) && parameters_fit
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut paths = BTreeMap::new();
        for (key, path) in BTreeMap::<String, String>::deserialize(deserializer)? {
            let endpoint = Endpoint::parse(&key)
                .ok_or_else(|| D::Error::custom(format!("paths.{key} is no call of FlexShopper's")))?;
            if !is_path_of(&path, endpoint) {
                let example = endpoint.spec().path;
                let text = match parameter(example) {
                    Some(name) => format!("paths.{key} has to be a path with {{{name}}} in it, such as {example}"),
                    None => format!("paths.{key} has to be a path without parameters, such as {example}"),
                };
                return Err(D::Error::custom(text));
            }
            paths.insert(endpoint, path);
        }
        Ok(Self(paths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://apis.example/prefix/").unwrap()
    }

    #[test]
    fn ids_are_escaped_and_cannot_leave_their_place() {
        let url =
            |id: &str| Paths::default().url(&base(), Endpoint::Finalize, Some(id)).map(|url| url.as_str().to_owned());
        assert_eq!(
            url("ABC-129384").as_deref(),
            Some("https://apis.example/prefix/v3/transactions/ABC-129384/finalize")
        );
        assert_eq!(
            url("a/../b?c#d\"e%2f").as_deref(),
            Some("https://apis.example/prefix/v3/transactions/a%2F..%2Fb%3Fc%23d%22e%252f/finalize")
        );
        for id in ["", ".", "..", "a\nb"] {
            assert_eq!(url(id), None, "{id:?}");
        }
        assert_eq!(url(&"x".repeat(ID_MAX_BYTES + 1)), None);
        assert_eq!(Paths::default().url(&base(), Endpoint::Finalize, None), None);
        let plain = Paths::default().url(&base(), Endpoint::Users, None).unwrap();
        assert_eq!(plain.as_str(), "https://apis.example/prefix/v3/users");
    }

    #[test]
    fn every_path_may_be_replaced_and_only_by_one_that_fits() {
        let read = |json: &str| serde_json::from_str::<Paths>(json);
        let paths = read(r#"{"return": "/v3/transactions/{transactionId}/return-items"}"#).unwrap();
        let url = paths.url(&base(), Endpoint::Return, Some("T-1")).unwrap();
        assert_eq!(url.path(), "/prefix/v3/transactions/T-1/return-items");
        assert_eq!(paths.of(Endpoint::Cancel), Endpoint::Cancel.spec().path);
        for wrong in [
            r#"{"refund": "/v3/x"}"#,
            r#"{"return": "v3/{transactionId}"}"#,
            r#"{"return": "/v3/transactions/return"}"#,
            r#"{"return": "/v3/{leaseId}/return"}"#,
            r#"{"return": "/v3/{transactionId}/{transactionId}"}"#,
            r#"{"return": "/v3/../{transactionId}"}"#,
            r#"{"return": "/v3//{transactionId}"}"#,
            r#"{"return": "/v3/{transactionId}?a=b"}"#,
            r#"{"users": "/v3/users#x"}"#,
            r#"{"users": "/v3/users/{userId}"}"#,
            r#"{"users": ""}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for endpoint in Endpoint::ALL {
            assert!(is_path_of(endpoint.spec().path, *endpoint), "{endpoint:?}");
        }
    }
}
