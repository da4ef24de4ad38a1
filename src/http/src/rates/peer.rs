//! Whom a request comes from, as far as an address tells.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of a connection; the server puts it into each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketPeer(pub(crate) IpAddr);

/// An address, or the network of one: whoever has one IPv6 address has 2^64 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// The address that the outermost of our own proxies heard from, or the other end of the connection where there is none.
    /// What stands further left in the header was written by the caller.
    pub(super) fn of(trusted_proxies: u32, socket: Option<SocketPeer>, headers: &HeaderMap) -> Self {
        let socket = socket.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        let told = usize::try_from(trusted_proxies).ok().and_then(|proxies| proxies.checked_sub(1));
        Self::network(told.and_then(|place| forwarded(headers, place)).unwrap_or(socket))
    }

    fn network(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let prefix = v6.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(prefix))
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// The address at this place from the right.
fn forwarded(headers: &HeaderMap, place: usize) -> Option<IpAddr> {
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("")).collect();
    let text = lines.iter().flat_map(|line| line.split(',')).map(str::trim).rev().nth(place)?;
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|known| known.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn peer(trusted: u32, socket: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        Peer::of(trusted, Some(SocketPeer(socket.parse().unwrap())), &headers).0.to_string()
    }

    #[test]
    fn a_header_is_believed_as_far_as_our_own_proxies_wrote_it() {
        let told = ["1.1.1.1, 2.2.2.2", "3.3.3.3"];
        assert_eq!(peer(0, "9.9.9.9", &told), "9.9.9.9", "nobody is trusted unless it is said");
        assert_eq!(peer(1, "9.9.9.9", &told), "3.3.3.3");
        assert_eq!(peer(2, "9.9.9.9", &told), "2.2.2.2");
        assert_eq!(peer(9, "9.9.9.9", &told), "9.9.9.9", "fewer than there should be: it did not come that way");
        assert_eq!(peer(1, "9.9.9.9", &["1.1.1.1, nonsense"]), "9.9.9.9");
        assert_eq!(peer(1, "9.9.9.9", &["4.4.4.4:80"]), "4.4.4.4");
        assert_eq!(peer(1, "9.9.9.9", &[]), "9.9.9.9");
    }

    #[test]
    fn one_network_of_ipv6_is_one_peer_and_a_mapped_address_is_itself() {
        assert_eq!(peer(0, "2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(peer(0, "2001:db8:1:2:ffff::1", &[]), "2001:db8:1:2::");
        assert_eq!(peer(0, "::ffff:7.7.7.7", &[]), "7.7.7.7");
        assert_eq!(peer(1, "9.9.9.9", &["[2001:db8:1:2::9]:443"]), "2001:db8:1:2::");
    }
}
