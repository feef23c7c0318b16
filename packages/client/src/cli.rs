//! The command line of `secret-ai`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use secret_ai_interface::WorkerId;

/// Confidential AI inference, paid privately on Secret Network.
#[derive(Parser, Debug)]
#[command(name = "secret-ai", version, max_term_width = 100)]
pub struct Cli {
    /// Configuration file.
    #[arg(
        long,
        env = "SECRET_AI_CONFIG",
        default_value = "secret-ai.toml",
        global = true
    )]
    pub config: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done. Amounts are base units of a token.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists what active workers offer, with their prices.
    Workers {
        /// Only this model.
        #[arg(long)]
        model: Option<String>,
    },
    /// Shows what is in the wallet, free in billing, and in sessions.
    Balance,
    /// Moves tokens from the wallet to the free balance in billing.
    Deposit {
        /// Base units.
        amount: u128,
        /// Address of the token; the first that billing accepts if absent.
        #[arg(long)]
        token: Option<String>,
    },
    /// Opens a session with a worker, paid from the free balance.
    Open {
        /// Model to use.
        #[arg(long)]
        model: String,
        /// Most that the session may cost, base units.
        #[arg(long)]
        cap: u128,
        /// Most that is paid beyond what this client countersigned, base units; all of cap if
        /// absent.
        #[arg(long)]
        slack: Option<u128>,
        /// How long the worker may serve, e.g. `24h`.
        #[arg(long, default_value = "24h")]
        expires: humantime::Duration,
        /// This worker; the cheapest active one if absent.
        #[arg(long)]
        worker: Option<WorkerId>,
        /// Address of the token; the first that billing accepts if absent.
        #[arg(long)]
        token: Option<String>,
        /// Sign every request and countersign every receipt, instead of a bearer secret.
        #[arg(long)]
        countersign: bool,
    },
    /// Asks a question; streams the answer, then verifies and shows its receipt.
    Chat {
        /// The question.
        prompt: String,
        /// First digits of the session's id; the newest open session if absent.
        #[arg(long)]
        session: Option<String>,
        /// The session's model, if it has several.
        #[arg(long)]
        model: Option<String>,
        /// Most tokens of the answer.
        #[arg(long)]
        max_tokens: Option<u64>,
        /// Most that the answer may cost, base units.
        #[arg(long)]
        max_charge: Option<u128>,
        /// Rely on TLS with the worker's attested key alone: what ends TLS can read along.
        #[arg(long)]
        no_e2ee: bool,
    },
    /// Serves OpenAI's API on this machine for any program: seals every request to the worker's
    /// attested key, and verifies every receipt.
    Gateway {
        /// Where to listen; an address of this machine alone.
        #[arg(long, default_value = "127.0.0.1:8787")]
        listen: SocketAddr,
        /// First digits of the session's id; the newest open session if absent.
        #[arg(long)]
        session: Option<String>,
    },
    /// Shows all sessions with what they used and paid.
    Usage,
    /// Shows what billing and rewards told this wallet in the newest blocks (SNIP-52).
    Notifications {
        /// How many blocks to look through.
        #[arg(long, default_value_t = 100)]
        blocks: u64,
        /// Go on with new blocks until stopped.
        #[arg(long)]
        follow: bool,
    },
    /// Prints a session's API key, for any program that speaks OpenAI's API. Keep it secret.
    Key {
        /// First digits of the session's id; the newest open session if absent.
        #[arg(long)]
        session: Option<String>,
    },
    /// Ends a session; what is left comes back after the challenge window, by `reclaim`.
    Close {
        /// First digits of the session's id; the newest open session if absent.
        #[arg(long)]
        session: Option<String>,
    },
    /// Moves what ended sessions left back to the free balance.
    Reclaim,
    /// Moves free balance back to the wallet.
    Withdraw {
        /// Base units; all if absent.
        amount: Option<u128>,
        /// Address of the token; the first that billing accepts if absent.
        #[arg(long)]
        token: Option<String>,
    },
    /// Judges attestation evidence from files; needs neither configuration nor network.
    Evidence {
        #[command(subcommand)]
        command: EvidenceCommand,
    },
}

/// What can be done with attestation evidence.
#[derive(Subcommand, Debug)]
pub enum EvidenceCommand {
    /// Tells whether evidence is genuine and acceptable, and shows everything that was checked.
    ///
    /// Files are told apart by their content, raw or in hex, base64, PEM or JSON: TDX quotes, SEV-SNP
    /// reports, NVIDIA reports and chains, what SecretVM serves at /cpu and /gpu, Intel collateral,
    /// AMD certificates and revocation lists, NVIDIA manifests (RIM), golden sets, a TLS certificate,
    /// SecretVM's list of images, a compose file. Nothing is fetched: what is missing is named.
    ///
    /// Exit code 0: genuine and acceptable. 1: refused, or something is missing. 2: usage, or a file
    /// cannot be read. Without --policy everything is checked but the image list and the binding.
    Verify {
        /// Evidence and what belongs to it.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Time of which the verdict shall hold, RFC 3339 or Unix seconds; now if absent.
        #[arg(long)]
        time: Option<String>,
        /// What genuine evidence must show (JSON; all parts optional): tdx, snp and
        /// known_platforms_only as in the registry's policy; images [{image, workloads}]; platforms;
        /// golden [file or hex]; binding {chain_id, registry, operator, receipt_pk, tls_spki_sha256,
        /// e2ee_pk, challenge, class}.
        #[arg(long)]
        policy: Option<PathBuf>,
        /// Do without AMD's revocation list.
        #[arg(long)]
        without_crl: bool,
        /// Measurement of a SecretVM's root file system, 64 hex digits, to recompute RTMR3 from a
        /// compose file.
        #[arg(long)]
        rootfs: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Makes the golden set of a GPU's firmware from NVIDIA's signed manifests, for `approve_golden`.
    ///
    /// Without a VBIOS manifest, --vbios says the version and only the driver is judged by the set.
    /// The board is taken from the VBIOS manifest's file name unless it is given.
    Golden {
        /// A driver's manifest, and a VBIOS' one (RIM, XML).
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Time at which the manifests' certificates must be valid; now if absent.
        #[arg(long)]
        time: Option<String>,
        /// Version of the VBIOS, such as 96.00.5E.00.01, if its manifest is not at hand.
        #[arg(long)]
        vbios: Option<String>,
        /// Project of the board, such as 1010.
        #[arg(long)]
        project: Option<String>,
        /// Such as 0200.
        #[arg(long)]
        project_sku: Option<String>,
        /// Such as 882.
        #[arg(long)]
        chip_sku: Option<String>,
        /// Write the set's stored form to this file, raw; print it in hex if absent.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Print it readable, as one JSON object.
        #[arg(long)]
        json: bool,
    },
}
