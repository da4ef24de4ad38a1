//! The providers this program was built with. The only file that names an adapter: adding one is one line here.

use lendport_outbound::Registration;

/// Every compiled-in adapter, in the order in which they are offered.
pub fn registrations() -> Vec<Registration> {
    vec![
        #[cfg(feature = "wegetfinancing")]
        wegetfinancing::REGISTRATION,
        #[cfg(feature = "wepay")]
        wepay::REGISTRATION,
        #[cfg(feature = "flexshopper")]
        flexshopper::REGISTRATION,
        #[cfg(feature = "sandbox")]
        sandbox::REGISTRATION,
    ]
}

/// The adapter of this name.
pub fn registration(name: &str) -> Option<Registration> {
    registrations().into_iter().find(|known| known.descriptor.id == name)
}

/// The names, for messages.
pub fn names() -> String {
    registrations().iter().map(|known| known.descriptor.id).collect::<Vec<_>>().join(", ")
}
