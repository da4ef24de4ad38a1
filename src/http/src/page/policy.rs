//! What a page may do in the browser, and who may show it: headers of every page that customers see.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use lendport_core::{Frames, ShopPage, url_origin};

/// Devices and browser features that none of our pages uses. Frames get none of them either.
const PERMISSIONS: &str =
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), bluetooth=(), display-capture=(), midi=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What a page's policy is made from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Policy<'a> {
    /// For its own script and style elements.
    pub(super) nonce: &'a str,
    /// Whose page it is; nobody else may frame it.
    pub(super) shop: Option<&'a ShopPage>,
    /// True when pages of ours may frame it too.
    pub(super) within_ours: bool,
    /// Address of the financer's page that it may frame.
    pub(super) framed: Option<&'a str>,
    /// How far that page leads.
    pub(super) frames: Frames,
    /// Address of the financer's script that it may load. Its host, and no other, may also be framed, shown and called: what
    /// the script does is not documented, and whoever answers for its host could do as much with scripts alone.
    pub(super) plugin: Option<&'a str>,
}

impl Policy<'_> {
    /// The `Content-Security-Policy`. Every address in it is an origin that was parsed and written anew.
    fn text(self) -> String {
        let nonce = format!("'nonce-{}'", self.nonce);
        let plugin = self.plugin.and_then(url_origin).unwrap_or_default();
        let logo = self.shop.and_then(|shop| shop.logo_url.as_deref()).and_then(url_origin).unwrap_or_default();
        let ours = "'self'";
        [
            ("default-src", &["'none'"][..]),
            ("script-src", &[&nonce, &plugin]),
            ("style-src", &[ours, &nonce, &plugin]),
            ("img-src", &[ours, "data:", &logo, &plugin]),
            ("connect-src", &[ours, &plugin]),
            ("frame-src", &[ours, &self.frame_hosts(), &plugin]),
            ("form-action", &[ours]),
            ("base-uri", &["'none'"]),
            ("frame-ancestors", &[&self.ancestors()]),
        ]
        .map(|(name, sources)| {
            let sources = sources.iter().filter(|source| !source.is_empty()).copied();
            std::iter::once(name).chain(sources).collect::<Vec<_>>().join(" ")
        })
        .join("; ")
    }

    /// The policy judges every step inside the frame: a customer who is led on to a lender would meet an empty one.
    fn frame_hosts(self) -> String {
        let Some(origin) = self.framed.and_then(url_origin) else { return String::new() };
        match self.frames {
            Frames::OwnHost => origin,
            Frames::ManyHosts => format!("https: {origin}"),
        }
    }

    fn ancestors(self) -> String {
        let ours = self.within_ours.then_some("'self'");
        let sites = self.shop.map(|shop| shop.allowed_origins.as_slice()).unwrap_or_default();
        let all: Vec<_> = ours.into_iter().chain(sites.iter().map(String::as_str)).collect();
        if all.is_empty() { "'none'".to_owned() } else { all.join(" ") }
    }

    /// A page under this policy.
    pub(super) fn page(self, status: StatusCode, html: String) -> Response {
        let mut response = (status, html).into_response();
        let headers = response.headers_mut();
        let policy = HeaderValue::from_str(&self.text());
        // Made of our own words, a nonce and origins, it is a header's text; if it were none, nothing may run.
        let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store, private")),
            (PERMISSIONS_POLICY, HeaderValue::from_static(PERMISSIONS)),
        ] {
            headers.insert(name, value);
        }
        // For browsers that know no frame-ancestors. It cannot name sites, so it is left out where some are allowed.
        if self.ancestors() == "'none'" {
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_financers_host_the_logos_and_the_allowed_sites_and_no_other() {
        let shop = ShopPage {
            logo_url: Some("https://cdn.shop.example/logo.svg?x=1;y".to_owned()),
            allowed_origins: vec!["https://shop.example".to_owned(), "http://127.0.0.1:8081".to_owned()],
            ..ShopPage::default()
        };
        let framed = Some("https://financer.example:8443/apply?a=1;script-src *");
        let policy = Policy { nonce: "N", shop: Some(&shop), framed, ..Policy::default() };
        assert_eq!(
            policy.text(),
            "default-src 'none'; script-src 'nonce-N'; style-src 'self' 'nonce-N'; \
             img-src 'self' data: https://cdn.shop.example; connect-src 'self'; \
             frame-src 'self' https://financer.example:8443; form-action 'self'; base-uri 'none'; \
             frame-ancestors https://shop.example http://127.0.0.1:8081"
        );
        assert!(!policy.page(StatusCode::OK, String::new()).headers().contains_key(header::X_FRAME_OPTIONS));
    }

    #[test]
    fn a_page_that_leads_on_to_other_hosts_may_do_so_in_its_frame_and_nothing_else_may() {
        let own = Policy { nonce: "N", framed: Some("http://127.0.0.1:5/apply"), ..Policy::default() };
        assert!(own.text().contains("; frame-src 'self' http://127.0.0.1:5; "), "{}", own.text());
        let many = Policy { frames: Frames::ManyHosts, ..own };
        let widened = own.text().replace("frame-src 'self' ", "frame-src 'self' https: ");
        assert_eq!(many.text(), widened, "frames alone are open");
        let none = Policy { framed: None, ..many };
        assert!(none.text().contains("; frame-src 'self'; "), "{}", none.text());
    }

    #[test]
    fn a_financers_script_may_use_its_own_host_and_nothing_else() {
        let none = Policy { nonce: "N", ..Policy::default() };
        let plugin = Policy { plugin: Some("https://lender.example:8443/sdk/js?authKey=a;script-src *"), ..none };
        assert_eq!(
            plugin.text(),
            "default-src 'none'; script-src 'nonce-N' https://lender.example:8443; \
             style-src 'self' 'nonce-N' https://lender.example:8443; \
             img-src 'self' data: https://lender.example:8443; connect-src 'self' https://lender.example:8443; \
             frame-src 'self' https://lender.example:8443; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let odd = Policy { plugin: Some("javascript:alert(1)"), ..none };
        assert_eq!(odd.text(), none.text());
    }

    #[test]
    fn without_allowed_sites_nobody_frames_it() {
        let nobody = Policy { nonce: "N", ..Policy::default() };
        assert!(
            nobody.text().ends_with("frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
        );
        let response = nobody.page(StatusCode::OK, String::new());
        assert_eq!(response.headers().get(header::X_FRAME_OPTIONS).unwrap(), "DENY");
        let ours = Policy { within_ours: true, ..nobody };
        assert!(ours.text().ends_with("frame-ancestors 'self'"));
    }
}
