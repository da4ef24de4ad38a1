//! Where the addresses of a name come from; handed in, so that tests answer for themselves.

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;

/// Looks names up. What it answers is checked by its caller.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All addresses of a name, at this moment.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the system, as every other program on the machine does.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}
