//! Headers as a cassette states them: lower-case names, each once, in the order of the file.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::json::Json;

/// Stated headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Headers(pub(super) Vec<(String, String)>);

impl Headers {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Adds one unless a header of that name is there.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        if self.get(&name).is_none() {
            self.0.push((name, value.to_owned()));
        }
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Json::Object(members) = Json::deserialize(deserializer)? else {
            return Err(de::Error::custom("headers must be an object of strings"));
        };
        let mut headers = Self::default();
        for (name, value) in members {
            let Json::Text(value) = value else {
                return Err(de::Error::custom(format!("header `{name}` must be a string")));
            };
            let name = name.to_ascii_lowercase();
            if headers.get(&name).is_some() {
                return Err(de::Error::custom(format!("header `{name}` is stated twice")));
            }
            headers.0.push((name, value));
        }
        Ok(headers)
    }
}
