//! Every page in every stage and language: what it must hold, and what no value may do to it.
#![expect(clippy::unwrap_used, reason = "tests")]

use lendport_ui::{
    CartLine, CustomerPage, DemoPage, FinancerFace, Locale, NextStep, NoticeKind, NoticePage, Outcome, ReturnPage,
    ShopFace, Stage, Way, render_demo, render_notice, render_page, render_return, render_stage,
};

/// What a merchant, or somebody who can write into a merchant's catalogue, might try.
const NASTY: &str = "<script>alert(1)</script>\"'>&{financer}";

fn financer(id: &str, kind: &str) -> FinancerFace {
    FinancerFace { id: id.to_owned(), name: format!("Bank {id}"), kind: kind.to_owned() }
}

fn page(locale: Locale, stage: Stage) -> CustomerPage {
    CustomerPage {
        locale,
        nonce: "bm9uY2U".to_owned(),
        embedded: false,
        came_back: false,
        base: "/c/token".to_owned(),
        data_json: "{\"lang\":\"en\"}".to_owned(),
        test_mode: true,
        shop: ShopFace { name: "Demo TV".to_owned(), logo_url: None, accent: Some("#ffcc00".to_owned()) },
        reference: Some("ORDER-1".to_owned()),
        lines: vec![CartLine { name: "TV".to_owned(), quantity: 2, total: "1370.00".to_owned() }],
        shipping: Some("50.00".to_owned()),
        discount: Some("10.00".to_owned()),
        tax: Some("52.69".to_owned()),
        total: "1410.00".to_owned(),
        currency: "USD".to_owned(),
        stage,
        financer: Some(financer("a", "loan")),
        previous: (stage == Stage::Choose).then_some(Outcome::Declined),
        next: (stage == Stage::Continue).then(|| NextStep {
            url: "https://bank.example/apply?a=1&b=2".to_owned(),
            way: Way::Lightbox,
            also: vec![Way::Redirect],
        }),
        in_shop: false,
        attempt: Some("att_1".to_owned()),
        choices: vec![financer("b", "payment"), financer("c", "lease_to_own"), financer("d", "something_new")],
        return_url: Some("https://shop.example/ok".to_owned()),
    }
}

fn every() -> impl Iterator<Item = CustomerPage> {
    Locale::ALL.into_iter().flat_map(|locale| Stage::ALL.into_iter().map(move |stage| page(locale, stage)))
}

/// Text between tags, without scripts and styles.
fn visible(html: &str) -> String {
    let mut rest = html.to_owned();
    for name in ["script", "style"] {
        while let Some((before, after)) = rest.split_once(&format!("<{name}")) {
            rest = format!("{before}{}", after.split_once(&format!("</{name}>")).unwrap().1);
        }
    }
    rest.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_page_says_in_its_language_where_the_order_stands() {
    for page in every() {
        let html = render_page(&page);
        assert!(html.contains(&format!("<html lang=\"{}\"", page.locale.tag())), "{html}");
        let headings = html.matches("<h1").count();
        assert_eq!(headings, if page.stage == Stage::Continue { 2 } else { 1 }, "{:?}", page.stage);
        assert!(html.contains(&render_stage(&page)), "the part that changes is that of the page");
        let text = visible(&html);
        assert!(
            text.contains("Demo TV")
                && text.contains("ORDER-1")
                && text.contains("1370") | text.contains("1,370") | text.contains("1\u{a0}370")
        );
        assert!(!text.contains('{') && !text.contains(".heading") && !text.contains(".body"), "{text}");
    }
}

#[test]
fn no_page_holds_what_its_policy_forbids() {
    let mut all: Vec<String> = every().map(|page| render_page(&page)).collect();
    for kind in [NoticeKind::Unknown, NoticeKind::Expired, NoticeKind::TryAgain] {
        let notice = NoticePage { locale: Locale::Es, nonce: "bm9uY2U".to_owned(), kind, shop: None, return_url: None };
        all.push(render_notice(&notice));
    }
    let returned = ReturnPage {
        locale: Locale::En,
        nonce: "bm9uY2U".to_owned(),
        complete: true,
        page_url: "/c/token?back=complete".to_owned(),
    };
    all.push(render_return(&returned));
    for html in all {
        for tag in html.split('<').filter(|part| part.starts_with("script") || part.starts_with("style")) {
            assert!(tag.contains("nonce=\"bm9uY2U\""), "{tag}");
        }
        let tags: String = html.split('<').filter_map(|part| part.split_once('>').map(|(tag, _)| tag)).collect();
        for forbidden in [" style=", " onclick", " onload", "javascript:", "href=\"http://"] {
            assert!(!tags.contains(forbidden), "{forbidden}: {tags}");
        }
    }
}

#[test]
fn no_page_leads_to_a_script() {
    let script = "https://lender.example/sdk.js";
    for mut page in every() {
        page.next = Some(NextStep { url: script.to_owned(), way: Way::Plugin, also: Vec::new() });
        let html = render_page(&page);
        assert!(!html.contains(script) && !html.contains("<a class=\"button\" id=\"open\""), "{html}");
    }
}

#[test]
fn a_script_has_its_place_where_the_customer_acts_and_nowhere_else() {
    for mut page in every() {
        page.next =
            Some(NextStep { url: "https://lender.example/sdk.js".to_owned(), way: Way::Plugin, also: Vec::new() });
        let stage = render_stage(&page);
        let acts = page.stage == Stage::Continue;
        for part in ["<button type=\"button\" id=\"open\" data-way=\"plugin\">", "<div id=\"plugin\">", "plugin-again"]
        {
            assert_eq!(stage.contains(part), acts, "{part}: {stage}");
        }
        // Who has no script reads why the button is not there.
        assert_eq!(stage.matches("<noscript>").count(), usize::from(acts) + usize::from(!page.stage.is_final()));
        page.next = None;
        assert!(!render_stage(&page).contains("plugin"), "{:?}", page.stage);
    }
}

#[test]
fn what_the_shops_own_pages_carry_is_said_with_the_way_back() {
    for locale in Locale::ALL {
        for stage in [Stage::Deciding, Stage::Preapproved] {
            let mut page = page(locale, stage);
            page.choices.clear();
            let before = visible(&render_stage(&page));
            page.in_shop = true;
            let html = render_stage(&page);
            let said = visible(&html);
            let (heading, _) = said.trim().split_once("Demo TV").unwrap();
            let goes_on = match locale {
                Locale::En => "Your application goes on at",
                Locale::Es => "Su solicitud continúa en",
                Locale::FrCa => "Votre demande se poursuit chez",
            };
            assert_eq!(heading.trim(), goes_on);
            assert!(said.contains("Bank a") && said != before, "{said}");
            assert!(
                html.contains("data-in-shop=\"true\"") && !html.contains("class=\"busy\""),
                "nobody is at work: {html}"
            );
            assert!(html.contains("<a class=\"button\" id=\"back\" href=\"https://shop.example/ok\""), "{html}");
            page.return_url = None;
            assert!(!render_stage(&page).contains("id=\"back\""));
        }
    }
}

#[test]
fn no_value_becomes_markup() {
    let mut page = page(Locale::En, Stage::Continue);
    page.shop = ShopFace { name: NASTY.to_owned(), logo_url: Some(NASTY.to_owned()), accent: Some(NASTY.to_owned()) };
    page.reference = Some(NASTY.to_owned());
    page.lines[0].name = NASTY.to_owned();
    page.total = NASTY.to_owned();
    page.currency = NASTY.to_owned();
    page.financer = Some(FinancerFace { id: NASTY.to_owned(), name: NASTY.to_owned(), kind: NASTY.to_owned() });
    page.next = Some(NextStep { url: NASTY.to_owned(), way: Way::Lightbox, also: Vec::new() });
    page.attempt = Some(NASTY.to_owned());
    page.choices = vec![FinancerFace { id: NASTY.to_owned(), name: NASTY.to_owned(), kind: NASTY.to_owned() }];
    page.return_url = Some(NASTY.to_owned());
    page.base = NASTY.to_owned();
    let tame = |html: &str| {
        let scripts = html.matches("<script").count();
        assert!(!html.contains("<script>") && scripts <= 2, "{html}");
        assert!(!html.contains("\"'>") && !html.contains("&{financer}\n<"), "{html}");
    };
    tame(&render_page(&page));
    for stage in Stage::ALL {
        page.stage = stage;
        tame(&render_stage(&page));
    }
    let notice = NoticePage {
        locale: Locale::FrCa,
        nonce: "n".to_owned(),
        kind: NoticeKind::Expired,
        shop: Some(page.shop.clone()),
        return_url: Some(NASTY.to_owned()),
    };
    tame(&render_notice(&notice));
    tame(&render_demo(&DemoPage { nonce: "n".to_owned(), gateway: NASTY.to_owned(), base: NASTY.to_owned() }));
}

#[test]
fn what_can_be_done_can_be_done_without_script() {
    let open = render_page(&page(Locale::En, Stage::Continue));
    assert!(
        open.contains("href=\"https://bank.example/apply?a=1&#38;b=2\"") || open.contains("?a=1&amp;b=2\""),
        "{open}"
    );
    let choose = render_page(&page(Locale::En, Stage::Choose));
    assert_eq!(choose.matches("<form class=\"choose\" method=\"post\" action=\"/c/token/attempts\">").count(), 3);
    assert!(choose.contains("name=\"after\" value=\"att_1\""));
    let lease = visible(&choose);
    assert!(lease.contains("Not a loan") && lease.contains("total cost of rental is shown before you sign"), "{lease}");
    let approved = render_page(&page(Locale::En, Stage::Approved));
    assert!(approved.contains("href=\"https://shop.example/ok\""));
}

#[test]
fn who_comes_back_is_asked_to_wait_and_not_to_begin() {
    let mut page = page(Locale::En, Stage::Continue);
    assert!(render_stage(&page).contains("<section id=\"waiting\" hidden>"));
    page.came_back = true;
    let stage = render_stage(&page);
    assert!(stage.contains("<section id=\"waiting\">") && stage.contains("<section id=\"todo\" hidden>"), "{stage}");
}

#[test]
fn a_frame_of_the_shops_page_is_left_by_the_whole_window_alone() {
    let mut page = page(Locale::En, Stage::Continue);
    page.embedded = true;
    let html = render_page(&page);
    for link in html.split("<a ").skip(1).filter(|link| link.contains("href=\"https://")) {
        assert!(link.contains("target=\"_top\""), "{link}");
    }
    assert!(html.contains("name=\"embed\" value=\"1\"") && html.contains("&amp;embed=1"));
}
