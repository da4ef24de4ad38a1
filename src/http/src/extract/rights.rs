//! What a route needs of whoever asks. A handler learns whose rows it may touch from an extractor that names its right, so
//! that a route without one cannot be written.

use lendport_core::Scope;

/// A right, as a type.
pub(crate) trait Right: Send + Sync + 'static {
    /// One of these is enough; the first one is named where none is there.
    const ANY_OF: &'static [Scope];
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident = $($scope:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Right for $name {
            const ANY_OF: &'static [Scope] = &[$(Scope::$scope),+];
        }
    )*};
}

rights! {
    /// Read checkouts and what belongs to them.
    CheckoutsRead = CheckoutsRead;
    /// Create and move checkouts.
    CheckoutsWrite = CheckoutsWrite;
    /// Work with endpoints for events, and have deliveries sent again.
    WebhooksWrite = WebhooksWrite;
    /// Work with keys and accounts of one's own merchant.
    AccountsWrite = AccountsWrite;
    /// Administer all merchants.
    PlatformAdmin = PlatformAdmin;
    /// Read what financers can do: to have something financed, or to set an account up.
    ProvidersRead = CheckoutsRead | AccountsWrite;
}
