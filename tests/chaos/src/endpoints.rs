//! Subscribes the receivers, as a merchant would, before anything happens that they have to hear.

use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::Fault;
use crate::merchant::text_at;
use crate::world::World;

const TRIES: u32 = 2_000;

/// Makes one endpoint for each receiver and tells it the secret.
pub(crate) async fn subscribe(world: &World) -> Result<(), Fault> {
    for receiver in &world.receivers {
        let mut body = json!({ "url": format!("http://{}/hook", receiver.address) });
        if let (false, Some(members)) = (receiver.events.is_empty(), body.as_object_mut()) {
            members.insert("events".to_owned(), json!(receiver.events));
        }
        let made = create(world, &format!("endpoint-{}", receiver.name), &body).await?;
        let secret = text_at(&made, "/secret");
        if secret.is_empty() {
            return Err(format!("an endpoint was made without telling its secret: {made}").into());
        }
        receiver.share(secret);
    }
    Ok(())
}

async fn create(world: &World, key: &str, body: &Value) -> Result<Value, Fault> {
    let mut last = String::new();
    for _ in 0..TRIES {
        match world.merchant.post("/v1/webhook_endpoints", key, body).await {
            Ok(answer) if answer.status() == 201 => return Ok(answer.json()),
            Ok(answer) if answer.status() < 500 => {
                return Err(format!("an endpoint was refused: {} {}", answer.status(), answer.json()).into());
            }
            Ok(answer) => last = answer.json().to_string(),
            Err(fault) => last = fault.to_string(),
        }
        sleep(Duration::from_millis(50)).await;
    }
    Err(format!("no endpoint could be made: {last}").into())
}
