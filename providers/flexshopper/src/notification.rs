//! FlexShopper pushes nothing: no webhook, callback or signature is documented anywhere (question 2). Whatever comes to a
//! callback address is refused; a browser's `onSign` goes another way (`on_sign.rs`).

use lendport_core::{Notice, NoticeRefusal};

pub(crate) fn read() -> Result<Notice, NoticeRefusal> {
    Err(NoticeRefusal::Unreadable("FlexShopper sends no notices"))
}
