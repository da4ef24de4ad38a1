//! What is wrong with an input: a pointer, a code for programs, a sentence for people. All of it at once.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A JSON Pointer (RFC 6901) into the caller's body.
#[derive(Clone, Debug, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// This pointer with one more step, escaped as RFC 6901 asks.
    pub fn child(&self, step: &str) -> Self {
        Self(format!("{}/{}", self.0, step.replace('~', "~0").replace('/', "~1")))
    }

    /// This pointer with an array position.
    pub fn index(&self, position: usize) -> Self {
        Self(format!("{}/{position}", self.0))
    }

    /// The text form, empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON Pointer into the caller's body.
    pub pointer: String,
    /// Stable word for programs, such as `missing` or `too_many_digits`.
    pub code: String,
    /// A sentence that says what to do. Never repeats a person's data.
    pub detail: String,
}

impl FieldError {
    /// Names the place, the code and what to do.
    pub fn new(at: &Pointer, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: at.as_str().to_owned(), code: code.to_owned(), detail: detail.into() }
    }
}

/// Everything that is wrong with one input; never empty when returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// Nothing wrong yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// One thing wrong.
    pub fn one(at: &Pointer, code: &str, detail: impl Into<String>) -> Self {
        Self(vec![FieldError::new(at, code, detail)])
    }

    /// Notes one more.
    pub fn note(&mut self, at: &Pointer, code: &str, detail: impl Into<String>) {
        self.0.push(FieldError::new(at, code, detail));
    }

    /// Keeps the value of a success, or notes what is wrong and goes on.
    pub fn keep<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(other) => {
                self.0.extend(other.0);
                None
            }
        }
    }

    /// `Ok` when nothing was noted.
    pub fn finish(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {}", error.pointer, error.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
