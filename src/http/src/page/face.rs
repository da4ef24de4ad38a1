//! A checkout as its page shows it: what the engine lets a customer know, in the words of the pages' crate.

use http::{HeaderMap, Uri, header};
use lendport_core::{AttemptId, Mode, Money, NextActionKind, ShopPage};
use lendport_engine::{CustomerView, Ended, FinancerFace as Face, Standing};
use lendport_ui::{CartLine, CustomerPage, FinancerFace, Locale, NextStep, Outcome, ShopFace, Stage, Way};
use serde::Serialize;

use super::customer::Customer;
use super::status::StatusDocument;

/// What the address says of how the page is to be shown. Anything else in it means nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    lang: Option<String>,
    pub(super) embedded: bool,
    came_back: bool,
    /// The attempt that the customer came back from; an address without it is believed of any.
    of: Option<String>,
    accepted: Option<String>,
}

impl Manner {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(uri.query().unwrap_or_default()).unwrap_or_default();
        let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            lang: value("lang"),
            embedded: value("embed").as_deref() == Some("1"),
            came_back: value("back").as_deref() == Some("complete"),
            of: value("of"),
            accepted: accepted.map(str::to_owned),
        }
    }

    /// Whether the customer comes from the financer whose word is waited for. Who chose another one meanwhile, or is led on to
    /// the next, has not been there.
    fn came_back_from(&self, attempt: Option<AttemptId>) -> bool {
        self.came_back && self.of.as_ref().is_none_or(|of| attempt.is_some_and(|led| led.to_string() == *of))
    }

    /// The language for a shop that may have set one.
    pub(super) fn locale(&self, shop: Option<&ShopPage>) -> Locale {
        let setting = shop.and_then(|shop| shop.locale.as_deref());
        Locale::choose(self.lang.as_deref(), setting, self.accepted.as_deref())
    }
}

/// What the page's script is given.
#[derive(Serialize)]
struct Data<'a> {
    status: &'a StatusDocument,
    base: &'a str,
    lang: &'static str,
    embed: bool,
    came_back: bool,
    allowed_origins: &'a [String],
}

/// The page as it is now.
pub(super) fn page(customer: &Customer, view: &CustomerView, manner: &Manner, nonce: String) -> CustomerPage {
    let locale = manner.locale(Some(&view.shop));
    let base = format!("/c/{}", customer.token);
    let status = StatusDocument::of(view);
    let came_back = manner.came_back_from(view.attempt);
    let data = Data {
        status: &status,
        base: &base,
        lang: locale.tag(),
        embed: manner.embedded,
        came_back,
        allowed_origins: &view.shop.allowed_origins,
    };
    CustomerPage {
        locale,
        nonce,
        embedded: manner.embedded,
        came_back,
        data_json: for_script(&data),
        base,
        test_mode: view.mode == Mode::Test,
        shop: shop(&view.shop_name, &view.shop),
        reference: view.reference.clone(),
        lines: view
            .lines
            .iter()
            .map(|line| CartLine { name: line.name.clone(), quantity: line.quantity, total: line.total.to_string() })
            .collect(),
        shipping: some(view.shipping),
        discount: some(view.discount),
        tax: some(view.tax),
        total: view.total.to_string(),
        currency: view.total.currency().code().to_owned(),
        stage: stage(view.standing),
        financer: view.financer.as_ref().map(financer),
        previous: view.ended.map(outcome),
        next: view.next_action.as_ref().and_then(|action| {
            Some(NextStep {
                url: action.url.clone(),
                way: way(action.kind)?,
                also: action.also.iter().copied().filter_map(way).collect(),
            })
        }),
        in_shop: view.in_shop,
        attempt: view.attempt.map(|id| id.to_string()),
        choices: view.choices.iter().map(financer).collect(),
        return_url: view.return_url.clone(),
    }
}

/// A shop's face.
pub(super) fn shop(name: &str, page: &ShopPage) -> ShopFace {
    ShopFace { name: name.to_owned(), logo_url: page.logo_url.clone(), accent: page.accent.clone() }
}

/// JSON that may stand inside a `script` element: nothing in it ends the element or begins a comment.
fn for_script(data: &impl Serialize) -> String {
    // Strings and lists of them: this cannot fail.
    serde_json::to_string(data).unwrap_or_default().replace('<', "\\u003c")
}

/// An amount that is worth a line.
fn some(amount: Money) -> Option<String> {
    (!amount.is_zero()).then(|| amount.to_string())
}

fn financer(face: &Face) -> FinancerFace {
    FinancerFace { id: face.id.clone(), name: face.name.to_owned(), kind: face.product.to_owned() }
}

/// None for a step that the merchant's own pages carry.
fn way(kind: NextActionKind) -> Option<Way> {
    match kind {
        NextActionKind::Lightbox => Some(Way::Lightbox),
        NextActionKind::Redirect => Some(Way::Redirect),
        NextActionKind::Iframe => Some(Way::Iframe),
        NextActionKind::Plugin => Some(Way::Plugin),
        NextActionKind::Apply | NextActionKind::Verify | NextActionKind::SignAgreement | NextActionKind::Pay => None,
    }
}

fn outcome(ended: Ended) -> Outcome {
    match ended {
        Ended::Declined => Outcome::Declined,
        Ended::Failed => Outcome::Failed,
        Ended::Expired => Outcome::Expired,
    }
}

fn stage(standing: Standing) -> Stage {
    match standing {
        Standing::Choose => Stage::Choose,
        Standing::Preparing => Stage::Preparing,
        Standing::Checking => Stage::Checking,
        Standing::Continue => Stage::Continue,
        Standing::Deciding => Stage::Deciding,
        Standing::Preapproved => Stage::Preapproved,
        Standing::Approved => Stage::Approved,
        Standing::Declined => Stage::Declined,
        Standing::Failed => Stage::Failed,
        Standing::Expired => Stage::Expired,
        Standing::Canceled => Stage::Canceled,
        Standing::Closed => Stage::Closed,
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn the_engine_and_the_pages_have_the_same_words() {
        for standing in Standing::ALL {
            let stage = stage(standing);
            assert_eq!((stage.as_str(), stage.is_final()), (standing.as_str(), standing.is_final()));
        }
        assert_eq!(Stage::ALL.len(), Standing::ALL.len());
    }

    #[test]
    fn nothing_ends_the_script_element() {
        let text = for_script(&"</script><!--<script>");
        assert!(!text.contains('<'), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "</script><!--<script>");
    }

    #[test]
    fn an_address_says_how_to_show_the_page_and_cannot_say_more() {
        let manner = |query: &str| {
            let uri: Uri = format!("/c/x?{query}").parse().unwrap();
            Manner::of(&uri, &HeaderMap::new())
        };
        let shown = manner("embed=1&lang=es&back=complete&url=https://evil.example");
        assert!(shown.embedded && shown.came_back);
        assert_eq!(shown.locale(None), Locale::Es);
        let plain = manner("embed=2&back=abort&%ff=%fe");
        assert!(!plain.embedded && !plain.came_back);
    }

    #[test]
    fn who_comes_back_from_one_financer_has_not_been_at_the_next() {
        let ids = SeededIds::new(1);
        let (first, second) = (AttemptId::mint(&ids), AttemptId::mint(&ids));
        let came_back = |query: &str, attempt| {
            let uri: Uri = format!("/c/x?{query}").parse().unwrap();
            Manner::of(&uri, &HeaderMap::new()).came_back_from(attempt)
        };
        let address = format!("back=complete&of={first}");
        assert!(came_back(&address, Some(first)) && came_back("back=complete", Some(second)));
        assert!(!came_back(&address, Some(second)) && !came_back(&address, None));
        assert!(!came_back(&format!("back=abort&of={first}"), Some(first)));
    }
}
