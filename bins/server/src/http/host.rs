//! Names by which the server may be addressed.

use std::net::IpAddr;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Data,
};

use super::ApiError;

/// Hosts that requests may name. Set as app data.
///
/// A page on the internet may have its own name resolve to 127.0.0.1 and then reads a server on
/// loopback with the rights of the browser's user. Such requests name the host of the page.
#[derive(Debug, Clone)]
pub struct AllowedHosts {
    /// Names in lower case; empty to allow every name.
    names: Vec<String>,
    is_checked: bool,
}

impl AllowedHosts {
    /// Allows the configured names. A server on loopback also allows the names of loopback, and
    /// checks requests even if none is configured.
    pub fn new(configured: &[String], is_loopback: bool) -> Self {
        let names = configured.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { names, is_checked: is_loopback || !configured.is_empty() }
    }

    fn allows(&self, host: &str) -> bool {
        if !self.is_checked {
            return true;
        }
        let name = without_port(host).to_ascii_lowercase();
        let is_loopback = name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_loopback || self.names.contains(&name)
    }
}

/// Returns the name or the address of a `HOST:PORT`, without the brackets of IPv6.
fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(address, _)| address);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Rejects requests that name another host.
///
/// # Errors
/// Returns the 421 error, or the error of the wrapped service.
pub async fn reject_unknown_hosts<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if let Some(hosts) = request.app_data::<Data<AllowedHosts>>()
        && let Some(host) = named_hosts(&request).into_iter().find(|host| !hosts.allows(host))
    {
        return Err(ApiError::unknown_host(&host).into());
    }
    next.call(request).await
}

/// Returns the hosts in the headers and in the target of a request. Requests without a host come
/// from no browser.
fn named_hosts(request: &ServiceRequest) -> Vec<String> {
    let headers = request.headers().get_all(header::HOST);
    let in_headers = headers.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let in_target = request.uri().authority().map(|authority| authority.as_str().to_owned());
    in_headers.chain(in_target).collect()
}

#[cfg(test)]
mod tests {
    use super::AllowedHosts;

    #[test]
    fn a_server_on_loopback_answers_to_loopback_and_configured_names_only() {
        let none = AllowedHosts::new(&[], true);
        let one = AllowedHosts::new(&["Shop.Example".to_owned()], true);
        let open = AllowedHosts::new(&[], false);
        let public = AllowedHosts::new(&["shop.example".to_owned()], false);
        for (host, by_none, by_one, by_public) in [
            ("localhost:8080", true, true, true),
            ("docent.localhost", true, true, true),
            ("127.0.0.1:8080", true, true, true),
            ("127.9.9.9", true, true, true),
            ("[::1]:8080", true, true, true),
            ("LOCALHOST", true, true, true),
            ("shop.example:443", false, true, true),
            ("evil.example", false, false, false),
            ("evil.example:8080", false, false, false),
            ("127.0.0.1.evil.example", false, false, false),
            ("localhost.evil.example", false, false, false),
            ("10.0.0.1", false, false, false),
            ("[::2]", false, false, false),
            ("", false, false, false),
        ] {
            assert_eq!(none.allows(host), by_none, "{host}");
            assert_eq!(one.allows(host), by_one, "{host}");
            assert_eq!(public.allows(host), by_public, "{host}");
            assert!(open.allows(host));
        }
    }
}
