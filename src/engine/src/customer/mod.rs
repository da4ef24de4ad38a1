//! What a customer may see of a checkout, choose in it and say about it. Nothing a customer says moves money.

mod came_back;
mod choices;
mod choose;
mod standing;
mod view;

pub use came_back::CameBack;
pub use standing::{Ended, Standing};
pub use view::{CustomerLine, CustomerView, FinancerFace};

/// The rule of a route on which the customer chooses.
pub(crate) const CUSTOMER_CHOICE: &str = "customer_choice";
