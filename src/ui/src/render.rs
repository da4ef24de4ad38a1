//! The pages as HTML: templates filled with what the server knows. The templates escape every value but the two that are
//! made for the page: its data, which comes escaped, and the style of [`crate::accent`].

use askama::Template;

use crate::accent;
use crate::locale::Locale;
use crate::model::{
    CustomerPage, DemoPage, FinancerFace, NextStep, NoticeKind, NoticePage, Outcome, ReturnPage, ShopFace, Stage, Way,
};
use crate::money;
use crate::texts::Words;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    p: &'a CustomerPage,
    w: Words,
    locale: Locale,
    accent: Option<String>,
    previous: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "stage.html")]
struct Part<'a> {
    p: &'a CustomerPage,
    w: Words,
    previous: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    n: &'a NoticePage,
    w: Words,
    locale: Locale,
    accent: Option<String>,
    heading: String,
    body: String,
}

#[derive(Template)]
#[template(path = "returned.html")]
struct Returned<'a> {
    r: &'a ReturnPage,
    w: Words,
    locale: Locale,
}

#[derive(Template)]
#[template(path = "demo.html")]
struct Demo<'a> {
    d: &'a DemoPage,
}

/// What the two templates of the customer's page ask for.
trait Shown {
    fn page(&self) -> &CustomerPage;
    fn words(&self) -> &Words;

    fn kind(&self, financer: &FinancerFace, part: &str) -> Option<String> {
        self.words().find(&format!("kind.{}.{part}", financer.kind))
    }

    fn financer_name(&self) -> &str {
        self.page().financer.as_ref().map_or("", |financer| financer.name.as_str())
    }

    /// Where the texts are: of the stage, but for a step that the shop's own pages carry.
    fn words_of_stage(&self) -> &'static str {
        if self.page().in_shop { "in_shop" } else { self.page().stage.as_str() }
    }

    fn heading(&self) -> String {
        let key = format!("{}.heading", self.words_of_stage());
        let kind = self.page().financer.as_ref().map_or("", |financer| financer.kind.as_str());
        self.words().find(&format!("{key}.{kind}")).unwrap_or_else(|| self.words().say(&key))
    }

    fn body(&self) -> String {
        self.words().say(&format!("{}.body", self.words_of_stage()))
    }

    /// The financer's page, where there is one to go to.
    fn link(&self) -> Option<&NextStep> {
        self.page().next.as_ref().filter(|next| next.way != Way::Plugin)
    }

    /// A script of the financer's draws its button.
    fn is_plugin(&self) -> bool {
        self.page().next.as_ref().is_some_and(|next| next.way == Way::Plugin)
    }

    /// Somebody else is at work.
    fn is_busy(&self) -> bool {
        let waits =
            matches!(self.page().stage, Stage::Preparing | Stage::Checking | Stage::Deciding | Stage::Preapproved);
        waits && !self.page().in_shop
    }

    fn mark(&self) -> Option<&'static str> {
        match self.page().stage {
            Stage::Approved => Some("✓"),
            stage if stage.is_final() => Some("!"),
            _ => None,
        }
    }
}

impl Shown for Page<'_> {
    fn page(&self) -> &CustomerPage {
        self.p
    }
    fn words(&self) -> &Words {
        &self.w
    }
}

impl Shown for Part<'_> {
    fn page(&self) -> &CustomerPage {
        self.p
    }
    fn words(&self) -> &Words {
        &self.w
    }
}

impl Page<'_> {
    fn money(&self, amount: &str) -> String {
        money::show(self.locale, amount, &self.p.currency)
    }

    fn brief(&self, amount: &str) -> String {
        money::brief(self.locale, amount, &self.p.currency)
    }

    fn minus(&self, amount: &str) -> String {
        self.brief(&format!("-{amount}"))
    }
}

fn words(page: &CustomerPage) -> Words {
    let financer = page.financer.as_ref().map_or("", |financer| financer.name.as_str());
    Words::new(page.locale, &page.shop.name, financer)
}

fn previous(page: &CustomerPage) -> Option<&'static str> {
    page.previous.map(|outcome| match outcome {
        Outcome::Declined => "previous.declined",
        Outcome::Failed => "previous.failed",
        Outcome::Expired => "previous.expired",
        Outcome::Left => "previous.left",
    })
}

fn style(shop: Option<&ShopFace>) -> Option<String> {
    shop.and_then(|shop| shop.accent.as_deref()).and_then(accent::style)
}

/// A template writes to a text in memory, which cannot fail.
fn written(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

/// The customer's page.
pub fn render_page(page: &CustomerPage) -> String {
    let (locale, accent) = (page.locale, style(Some(&page.shop)));
    written(&Page { p: page, w: words(page), locale, accent, previous: previous(page) })
}

/// The part of the customer's page that changes.
pub fn render_stage(page: &CustomerPage) -> String {
    written(&Part { p: page, w: words(page), previous: previous(page) })
}

/// A page that says one thing.
pub fn render_notice(page: &NoticePage) -> String {
    let key = match page.kind {
        NoticeKind::Unknown => "notice.unknown",
        NoticeKind::Expired => "notice.expired",
        NoticeKind::TryAgain => "notice.try_again",
    };
    let bare = Words::new(page.locale, "", "");
    let shop = page.shop.as_ref().map_or_else(|| bare.say("notice.shop"), |shop| shop.name.clone());
    let w = Words::new(page.locale, &shop, "");
    let (heading, body) = (w.say(&format!("{key}.heading")), w.say(&format!("{key}.body")));
    written(&Notice { n: page, w, locale: page.locale, accent: style(page.shop.as_ref()), heading, body })
}

/// Where a financer sends the browser back to.
pub fn render_return(page: &ReturnPage) -> String {
    written(&Returned { r: page, w: Words::new(page.locale, "", ""), locale: page.locale })
}

/// The demo shop's page.
pub fn render_demo(page: &DemoPage) -> String {
    written(&Demo { d: page })
}
