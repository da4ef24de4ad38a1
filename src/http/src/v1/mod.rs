//! The merchant API, version 1: one endpoint, one file.

pub(crate) mod attention;
pub(crate) mod audit;
pub(crate) mod checkouts;
pub(crate) mod deliveries;
pub(crate) mod eligibility;
pub(crate) mod events;
pub(crate) mod list;
pub(crate) mod merchants;
pub(crate) mod providers;
pub(crate) mod routing;
pub(crate) mod webhook_endpoints;
