//! Which addresses a webhook may go to: those of the public internet, and nothing that could be inside somebody's house.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(a: u16, b: u16, c: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

/// What IANA's registry of special IPv4 addresses keeps from the public internet, and what clouds put beside it.
const REFUSED_V4: [(Ipv4Net, &str); 17] = [
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "shared"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(168, 63, 129, 16, 32), "cloud service"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "reserved"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "6to4"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "benchmark"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(255, 255, 255, 255, 32), "broadcast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

/// The one block from which public IPv6 addresses are handed out; everything else is refused.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// What within that block is not public, and names for what lies outside. Forms that carry an IPv4 address are refused
/// whatever they carry: the receiver has that IPv4 address itself.
const REFUSED_V6: [(Ipv6Net, &str); 17] = [
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128), "unspecified"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), "IPv4-mapped"),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96), "IPv4-translated"),
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 96), "IPv4-compatible"),
    (v6(0x64, 0xff9b, 0, 96), "NAT64"),
    (v6(0x64, 0xff9b, 1, 48), "NAT64"),
    (v6(0x100, 0, 0, 64), "discard"),
    (v6(0x2001, 0, 0, 32), "Teredo"),
    (v6(0x2001, 0, 0, 23), "reserved"),
    (v6(0x2001, 0xdb8, 0, 32), "documentation"),
    (v6(0x2002, 0, 0, 16), "6to4"),
    (v6(0x3fff, 0, 0, 20), "documentation"),
    (v6(0xfc00, 0, 0, 7), "unique local"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 8), "multicast"),
];

/// Why an address is not public, in a word or two; none when it is.
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => REFUSED_V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, word)| *word),
        IpAddr::V6(address) => {
            let named = REFUSED_V6.iter().find(|(net, _)| net.contains(&address)).map(|(_, word)| *word);
            named.or_else(|| (!GLOBAL_V6.contains(&address)).then_some("reserved"))
        }
    }
}

/// True for 127.0.0.0/8 and ::1, and for no other way to write them.
pub fn is_loopback(address: IpAddr) -> bool {
    address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Option<&'static str> {
        not_public(text.parse().unwrap())
    }

    /// First and last address of each range, and their neighbours outside.
    #[test]
    fn ipv4_ranges_end_where_the_registry_says() {
        let table = [
            ("0.0.0.0", "0.255.255.255", "unspecified", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", "private", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", "shared", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", "loopback", Some("126.255.255.255"), Some("128.0.0.0")),
            ("168.63.129.16", "168.63.129.16", "cloud service", Some("168.63.129.15"), Some("168.63.129.17")),
            ("169.254.0.0", "169.254.255.255", "link-local", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", "private", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", "reserved", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", "documentation", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", "6to4", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", "private", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", "benchmark", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", "documentation", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", "documentation", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "239.255.255.255", "multicast", Some("223.255.255.255"), None),
            ("240.0.0.0", "255.255.255.254", "reserved", None, None),
            ("255.255.255.255", "255.255.255.255", "broadcast", None, None),
        ];
        for (first, last, expected, before, after) in table {
            assert_eq!([word(first), word(last)], [Some(expected); 2], "{first} to {last}");
            for outside in [before, after].into_iter().flatten() {
                assert_eq!(word(outside), None, "{outside}");
            }
        }
    }

    #[test]
    fn ipv6_is_public_only_where_addresses_are_handed_out() {
        for (address, expected) in [
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::ffff:10.0.0.1", "IPv4-mapped"),
            ("::ffff:8.8.8.8", "IPv4-mapped"),
            ("::ffff:0:10.0.0.1", "IPv4-translated"),
            ("::10.0.0.1", "IPv4-compatible"),
            ("::8.8.8.8", "IPv4-compatible"),
            ("64:ff9b::10.0.0.1", "NAT64"),
            ("64:ff9b::8.8.8.8", "NAT64"),
            ("64:ff9b:1::1", "NAT64"),
            ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64"),
            ("100::1", "discard"),
            ("2001::1", "Teredo"),
            ("2001:2::1", "reserved"),
            ("2001:20::1", "reserved"),
            ("2001:1ff:ffff::", "reserved"),
            ("2001:db8::1", "documentation"),
            ("2002:a00:1::", "6to4"),
            ("2002:808:808::", "6to4"),
            ("3fff::1", "documentation"),
            ("3fff:fff:ffff::", "documentation"),
            ("fc00::1", "unique local"),
            ("fd00:ec2::254", "unique local"),
            ("fe80::1", "link-local"),
            ("febf::1", "link-local"),
            ("fec0::1", "site-local"),
            ("ff02::1", "multicast"),
            ("1::1", "reserved"),
            ("1fff::1", "reserved"),
            ("4000::1", "reserved"),
            ("5f00::1", "reserved"),
        ] {
            assert_eq!(word(address), Some(expected), "{address}");
        }
        for public in ["2000::1", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00::1", "3ffe::1"] {
            assert_eq!(word(public), None, "{public}");
        }
    }

    #[test]
    fn loopback_is_loopback_only() {
        for address in ["127.0.0.1", "127.255.0.1", "::1"] {
            assert!(is_loopback(address.parse().unwrap()), "{address}");
        }
        for address in ["::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.0", "::", "10.0.0.1", "128.0.0.1"] {
            assert!(!is_loopback(address.parse().unwrap()), "{address}");
        }
    }
}
