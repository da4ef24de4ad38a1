//! Between the look-up and the connector: only permitted addresses pass.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use lendport_core::GuardPolicy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::lookup::Lookup;

/// A name has addresses, and none of them is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to a {0} address")]
pub(super) struct RefusedAddress(pub(super) &'static str);

pub(super) struct GuardedResolver {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) policy: GuardPolicy,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.lookup);
        let policy = self.policy;
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await?;
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let permitted = permitted(policy, &found)?;
            // The connector puts the port of the URL in.
            let addresses: Addrs = Box::new(permitted.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// The permitted ones, in their order; an error when none is left.
fn permitted(policy: GuardPolicy, found: &[IpAddr]) -> Result<Vec<IpAddr>, RefusedAddress> {
    let mut refused = None;
    let mut permitted = Vec::with_capacity(found.len());
    for &address in found {
        match policy.permits(address) {
            Ok(()) => permitted.push(address),
            Err(word) => refused = refused.or(Some(word)),
        }
    }
    match refused {
        Some(word) if permitted.is_empty() => Err(RefusedAddress(word)),
        _ => Ok(permitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(policy: GuardPolicy, found: &[&str]) -> Result<Vec<String>, RefusedAddress> {
        let found: Vec<IpAddr> = found.iter().map(|text| text.parse().unwrap()).collect();
        Ok(permitted(policy, &found)?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn of_a_mixed_answer_the_permitted_addresses_pass() {
        let strict = GuardPolicy::STRICT;
        let open = GuardPolicy { allow_loopback: true, allow_http: true };
        let mixed = ["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "::ffff:8.8.4.4", "127.0.0.1"];
        assert_eq!(through(strict, &mixed).unwrap(), ["8.8.8.8", "2606:4700::1111"]);
        assert_eq!(through(open, &mixed).unwrap(), ["8.8.8.8", "::1", "2606:4700::1111", "127.0.0.1"]);
    }

    #[test]
    fn an_answer_without_a_permitted_address_is_refused() {
        for (found, word) in [
            (vec!["10.0.0.1"], "private"),
            (vec!["127.0.0.1", "10.0.0.1"], "loopback"),
            (vec!["169.254.169.254"], "link-local"),
            (vec!["64:ff9b::808:808"], "NAT64"),
            (vec!["::ffff:8.8.8.8", "fd00::1"], "IPv4-mapped"),
        ] {
            assert_eq!(through(GuardPolicy::STRICT, &found), Err(RefusedAddress(word)), "{found:?}");
        }
    }
}
