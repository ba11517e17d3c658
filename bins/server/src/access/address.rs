use std::net::{IpAddr, Ipv6Addr};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Returns the address of the client of a connection from `peer`.
///
/// A proxy appends the address that it was called from to `X-Forwarded-For`. From the right, the
/// entries of trusted proxies are believed, so the first address that is none of a trusted proxy is
/// the client. A peer that is no trusted proxy is the client, whatever it sends.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(&client) {
        return Some(client);
    }
    let values: Vec<&str> = headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    for entry in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        // What stands left of an entry that is no address cannot be believed.
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    Some(client)
}

/// Returns the address by which a client is limited: that of IPv4, and the network of 64 bits of
/// IPv6, since one client has all addresses of it.
pub(super) fn limited_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &["198.51.100.7"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            // A client may send the header itself; only what proxies append counts.
            ("10.0.0.1", &["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["1.2.3.4, nonsense, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_static(value));
            }
            let client = client_address(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(client, Some(expected.parse().unwrap()), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_client_cannot_evade_a_limit_by_the_addresses_of_its_network() {
        let limited = |text: &str| limited_as(text.parse().unwrap());
        assert_eq!(limited("2001:db8:1:2:3::4"), limited("2001:db8:1:2:ffff::1"));
        assert_ne!(limited("2001:db8:1:2::"), limited("2001:db8:1:3::"));
        assert_ne!(limited("10.0.0.1"), limited("10.0.0.2"));
    }
}
