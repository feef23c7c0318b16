//! `workers`.

use crate::account::Account;
use crate::error::Result;
use crate::offers::{describe, offers, verified};

/// Lists what active workers offer.
pub async fn list(account: &Account, model: Option<&str>) -> Result<()> {
    let offers = offers(account, model, None).await?;
    if offers.is_empty() {
        println!("no active worker offers {}", model.unwrap_or("anything"));
    }
    for offer in offers {
        let (worker, model) = (offer.worker_id, &offer.listing.model);
        println!("{model}  worker {worker}  {}", offer.url);
        println!("  verified: {}", verified(offer.class));
        println!("  base units per 1,000,000: {}", describe(&offer));
    }
    Ok(())
}
