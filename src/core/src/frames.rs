//! How far a financer's page leads that is shown in a frame: a browser judges every step inside the frame by what the page
//! around it allows.

/// The hosts that a customer meets inside the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frames {
    /// The one that the page's own address names.
    #[default]
    OwnHost,
    /// That one and others, of which there is no list.
    ManyHosts,
}
