//! Whether the files that a configuration names can be used.

use secret_ai_chain_client::Wallet;

use super::Config;
use crate::engines;
use crate::secret_file;

impl Config {
    /// What is wrong with the files that are named, each by its field.
    pub fn file_problems(&self) -> Vec<String> {
        let wallet = Wallet::from_file(&self.wallet_file).err();
        let wallet = wallet.map(|error| format!("wallet_file: {error}"));
        let tee = self.tee.check_files().err();
        let tee = tee.map(|error| error.to_string());
        let tls = self.tls().open(&self.public_url).err();
        let tls = tls.map(|error| error.to_string());
        let mut problems: Vec<String> = wallet.into_iter().chain(tee).chain(tls).collect();
        if let Some(tower) = &self.watchtower {
            let token = secret_file::read(&tower.token_file).err();
            problems.extend(token.map(|error| format!("watchtower.token_file: {error}")));
        }
        problems.extend(engines::file_problems(self));
        problems
    }
}
