//! Whole stories over real HTTP: a merchant, the gateway with its database, and the simulated provider.
//! One file per story; its tests' names read as sentences.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![expect(clippy::disallowed_types, reason = "the tests are merchants with their own client")]
#![cfg_attr(
    not(all(feature = "wegetfinancing", feature = "simulator")),
    expect(dead_code, unused_imports, reason = "most stories need the provider and its simulator")
)]

mod contract;
mod harness;

#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod attention;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod attention_kinds;
#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
mod beside_the_state;
#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
mod by_shipment;
mod command_line;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod country_and_currency;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod crash;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod expiry;
#[cfg(all(feature = "flexshopper", feature = "wegetfinancing", feature = "simulator"))]
mod flexshopper;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod idempotency;
#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
mod interrupted;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod merchant_story;
#[cfg(feature = "wegetfinancing")]
mod misbehaviour;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod noisy;
#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
mod own_pages;
#[cfg(all(feature = "wegetfinancing", feature = "wepay", feature = "sandbox", feature = "simulator"))]
mod page;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod platform;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod postbacks;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod privacy;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod replicas;
#[cfg(all(
    feature = "flexshopper",
    feature = "wegetfinancing",
    feature = "wepay",
    feature = "sandbox",
    feature = "simulator"
))]
mod routing;
#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
mod second_provider;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod seed_samples;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod shipping;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod tokens;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod trouble;
#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
mod vault_commands;
#[cfg(all(feature = "wegetfinancing", feature = "sandbox", feature = "simulator"))]
mod watching;
#[cfg(all(feature = "wegetfinancing", feature = "simulator"))]
mod webhooks;
#[cfg(all(feature = "wegetfinancing", feature = "wepay", feature = "simulator"))]
mod wepay;
