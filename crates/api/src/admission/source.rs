//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The address of the client: of the peer, or, where the peer is a proxy that the operator trusts,
/// the nearest address in `X-Forwarded-For` that is no such proxy's.
pub(super) fn of(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let trusts = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut nearest = peer.ip().to_canonical();
    if !trusts(&nearest) {
        return Some(nearest);
    }
    let chain: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for text in chain.into_iter().rev() {
        // What cannot be read was not written by a proxy that is trusted.
        let Ok(address) = text.trim().parse::<IpAddr>() else {
            break;
        };
        nearest = address.to_canonical();
        if !trusts(&nearest) {
            break;
        }
    }
    Some(nearest)
}

/// Whom an address stands for: of IPv6 a whole network, which one client has at its disposal.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        let peer: SocketAddr = peer.parse().unwrap();
        extensions.insert(ConnectInfo(peer));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|range| range.parse().unwrap()).collect();
        of(&extensions, &headers, &trusted).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let peer = "10.0.0.7:1000";
        assert_eq!(seen(peer, &["192.0.2.1"], &[]), "10.0.0.7");
        assert_eq!(seen(peer, &["192.0.2.1"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(
            seen(
                peer,
                &["198.51.100.9, 192.0.2.1", "10.0.0.8"],
                &["10.0.0.0/8"]
            ),
            "192.0.2.1",
            "what the client itself wrote stands further left"
        );
        assert_eq!(seen(peer, &["nonsense"], &["10.0.0.0/8"]), "10.0.0.7");
        assert_eq!(seen(peer, &[], &["10.0.0.0/8"]), "10.0.0.7");
        assert_eq!(seen("[::ffff:192.0.2.1]:1", &[], &[]), "192.0.2.1");
    }

    #[test]
    fn a_client_of_ipv6_is_its_network() {
        let one: IpAddr = "2001:db8:1:2:3::4".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2::9".parse().unwrap();
        assert_eq!(network(one), network(other));
        let stranger: IpAddr = "2001:db8:1:3::9".parse().unwrap();
        assert_ne!(network(one), network(stranger));
    }
}
