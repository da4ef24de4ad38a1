#![doc = include_str!("../README.md")]

mod accent;
mod assets;
mod locale;
mod model;
mod money;
mod render;
mod texts;

pub use assets::{File, asset_url, file, fixed_file, merchant_file};
pub use locale::Locale;
pub use model::{
    CartLine, CustomerPage, DemoPage, FinancerFace, NextStep, NoticeKind, NoticePage, Outcome, ReturnPage, ShopFace,
    Stage, Way,
};
pub use render::{render_demo, render_notice, render_page, render_return, render_stage};
