use snafu::Snafu;

/// Why something cannot be sealed or opened. Nothing of its content is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum E2eeError {
    #[snafu(display("e2ee_pk: is no X25519 key that can be sealed to"))]
    Key,
    #[snafu(display("e2ee: the message is too short or of another version"))]
    Form,
    #[snafu(display("e2ee: sealed to another boot of this worker, or to another worker"))]
    OtherBoot,
    #[snafu(display("e2ee: cannot be opened: not sealed to this key, or changed on its way"))]
    Open,
    #[snafu(display("e2ee: what was sealed is not a request or an answer"))]
    Content,
    #[snafu(display("e2ee: the sealed message is longer than allowed"))]
    TooLong,
}
