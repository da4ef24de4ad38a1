//! Two wrappers whose contents cannot be printed by accident.
//!
//! [`Secret`] is for credentials and tokens (wiped on drop), [`Personal`] for what describes a person.
//! Neither implements `Display` or `Serialize`; reading takes a visible call.

use std::fmt;

use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretBox};

/// A credential or token. `Debug` prints `[secret]`; memory is wiped on drop.
pub struct Secret<T: Zeroize>(SecretBox<T>);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(SecretBox::new(Box::new(value)))
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        self.0.expose_secret()
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self::new(self.expose().clone())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

/// A fact about a person: name, e-mail, phone, street. `Debug` prints `[personal]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the adapter or the sealed row that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_prints_what_it_holds() {
        let secret = Secret::from("moa24phoPh");
        let personal = Personal::new("john@example.com".to_owned());
        let shown = format!("{secret:?} {personal:?} {:?}", Some(&personal));
        assert_eq!(shown, "[secret] [personal] Some([personal])");
        assert_eq!(secret.expose(), "moa24phoPh");
    }
}
