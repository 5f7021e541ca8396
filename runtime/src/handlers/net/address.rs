//! Which addresses may be connected to: those of the public internet, and those that the deployment names.
//!
//! An address is judged after its name was resolved, and the very address that was judged is connected to: a name that
//! resolves to something else the next time gains nothing.

use crate::deployment::Section;
use crate::gate::Error;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses beside the public ones that may be connected to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    private: Vec<IpNet>,
}

/// An address that may not be connected to.
#[derive(Debug)]
pub(crate) struct Refused {
    host: String,
    address: IpAddr,
    kind: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { host, address, kind } = self;
        let is =
            if *host == address.to_string() { format!("`{host}` is") } else { format!("`{host}` is at {address},") };
        write!(f, "{is} {kind}, which this deployment does not allow; `[hosts] private = [\"{address}\"]` allows it")
    }
}

impl std::error::Error for Refused {}

/// IPv4 networks that are no part of the public internet (IANA's special-purpose registry), and addresses at which clouds
/// hand out credentials.
const V4: [([u8; 4], u8, &str); 17] = [
    ([169, 254, 169, 254], 32, "an address for cloud metadata"),
    ([100, 100, 100, 200], 32, "an address for cloud metadata"),
    ([168, 63, 129, 16], 32, "an address for cloud metadata"),
    ([0, 0, 0, 0], 8, "an address of this host"),
    ([10, 0, 0, 0], 8, "a private address"),
    ([100, 64, 0, 0], 10, "a private address of a provider"),
    ([127, 0, 0, 0], 8, "a loopback address"),
    ([169, 254, 0, 0], 16, "a link-local address"),
    ([172, 16, 0, 0], 12, "a private address"),
    ([192, 0, 0, 0], 24, "a reserved address"),
    ([192, 0, 2, 0], 24, "an address for documentation"),
    ([192, 168, 0, 0], 16, "a private address"),
    ([198, 18, 0, 0], 15, "an address for benchmarks"),
    ([198, 51, 100, 0], 24, "an address for documentation"),
    ([203, 0, 113, 0], 24, "an address for documentation"),
    ([224, 0, 0, 0], 4, "a multicast address"),
    ([240, 0, 0, 0], 4, "a reserved address"),
];

/// The same for IPv6.
const V6: [(u128, u8, &str); 10] = [
    (0, 128, "an address of this host"),
    (1, 128, "a loopback address"),
    (0xfd00_0ec2 << 96 | 0x254, 128, "an address for cloud metadata"),
    (0x0064_ff9b_0001 << 80, 48, "an address for translation"),
    (0x0100 << 112, 64, "an address that leads nowhere"),
    (0x2001_0db8 << 96, 32, "an address for documentation"),
    (0xfc00 << 112, 7, "a unique-local address"),
    (0xfe80 << 112, 10, "a link-local address"),
    (0xfec0 << 112, 10, "a site-local address"),
    (0xff00 << 112, 8, "a multicast address"),
];

impl Addresses {
    pub(super) fn read(hosts: &Section<'_>) -> Addresses {
        let parse = |text: &str| text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let networks = "addresses and networks, such as `\"127.0.0.1\"` and `\"10.1.0.0/16\"`";
        Addresses { private: hosts.list("private", networks, parse).unwrap_or_default() }
    }

    /// Whether an address of a host may be connected to.
    pub(crate) fn admit(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        let address = address.to_canonical();
        match kind(address) {
            Some(kind) if !self.private.iter().any(|network| network.contains(&address)) => {
                Err(Refused { host: host.to_owned(), address, kind })
            }
            _ => Ok(()),
        }
    }

    /// The addresses of a host that may be connected to.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|_| Error::Transient(format!("`{host}` has no address")))?;
        self.admitted(host, found).map_err(|refused| Error::Permanent(refused.to_string()))
    }

    /// Those of the addresses that may be connected to; where there are none, why the last one may not be.
    pub(super) fn admitted(
        &self,
        host: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Refused> {
        let mut refused = None;
        let mut admitted = Vec::new();
        for address in found {
            match self.admit(host, address.ip()) {
                Ok(()) => admitted.push(address),
                Err(why) => refused = Some(why),
            }
        }
        match refused {
            Some(why) if admitted.is_empty() => Err(why),
            _ => Ok(admitted),
        }
    }
}

/// What an address is, where it is no public one.
fn kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let within = |(network, length, _): &&([u8; 4], u8, &str)| {
        let differing = bits ^ u32::from_be_bytes(*network);
        differing.checked_shr(32 - u32::from(*length)).unwrap_or(0) == 0
    };
    V4.iter().find(within).map(|(.., kind)| *kind)
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let within = |(network, length, _): &&(u128, u8, &str)| (bits ^ network) >> (128 - u32::from(*length)) == 0;
    let found = V6.iter().find(within).map(|(.., kind)| *kind);
    found.or_else(|| embedded(bits).and_then(v4))
}

/// The IPv4 address that an IPv6 address leads to: compatible (`::a.b.c.d`), mapped (`::ffff:a.b.c.d`), translated
/// (`64:ff9b::a.b.c.d`), 6to4 (`2002:aabb:ccdd::`) and Teredo (`2001::`, inverted at the end).
fn embedded(bits: u128) -> Option<Ipv4Addr> {
    let low = |bits: u128| u32::try_from(bits & 0xffff_ffff).ok().map(Ipv4Addr::from_bits);
    match (bits >> 96, bits >> 112) {
        (0 | 0x0064_ff9b, _) => low(bits),
        (0x2001_0000, _) => low(!bits),
        (_, 0x2002) => low(bits >> 80),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_let_through() {
        let refused = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.1.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001:0:1:2:3:4:80ff:fffe",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ];
        let addresses = Addresses::default();
        for address in refused {
            assert!(addresses.admit("h", address.parse().unwrap()).is_err(), "{address}");
        }
        for address in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "9.255.255.255", "2606:4700::1111", "64:ff9b::101:101"]
        {
            assert!(addresses.admit("h", address.parse().unwrap()).is_ok(), "{address}");
        }
    }

    #[test]
    fn what_the_deployment_names_is_let_through_and_nothing_beside_it() {
        let addresses = Addresses { private: vec!["127.0.0.1/32".parse().unwrap(), "10.1.0.0/16".parse().unwrap()] };
        for (address, admitted) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.1.9.9", true),
            ("10.2.0.1", false),
            ("::1", false),
        ] {
            assert_eq!(addresses.admit("h", address.parse().unwrap()).is_ok(), admitted, "{address}");
        }
    }

    #[test]
    fn a_name_is_left_with_the_addresses_that_are_let_through() {
        let addresses = Addresses::default();
        let found = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = addresses.admitted("h", found(&["10.0.0.1:80", "1.1.1.1:80"]).into_iter()).unwrap();
        assert_eq!(mixed, found(&["1.1.1.1:80"]));
        let refused = addresses.admitted("h", found(&["10.0.0.1:80"]).into_iter()).unwrap_err().to_string();
        assert!(refused.contains("`h` is at 10.0.0.1, a private address"), "{refused}");
    }
}
