//! A header's value that knows whether it may be shown.

use std::fmt;

use lendport_core::Secret;

/// The text of one header. `Debug` never prints it; a secret one is wiped on drop and never recorded.
#[derive(Clone)]
pub struct HeaderValueText {
    text: Secret<String>,
    secret: bool,
}

impl HeaderValueText {
    /// A value that anybody may see, such as a media type.
    pub fn open(text: impl Into<String>) -> Self {
        Self { text: Secret::new(text.into()), secret: false }
    }

    /// A credential or token.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { text: Secret::new(text.into()), secret: true }
    }

    /// The value, for whoever writes it to the wire.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// True for a credential or token.
    pub fn is_secret(&self) -> bool {
        self.secret
    }
}

impl fmt::Debug for HeaderValueText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secret { "[secret]" } else { "[header]" })
    }
}
