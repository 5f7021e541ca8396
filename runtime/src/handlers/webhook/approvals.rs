//! The webhook that is told of whatever waits for a human.

use super::Webhooks;
use crate::gate::{Error, Later, Notice, Notifier};
use gov_plan::text;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The event that a waiting approval is told as.
const EVENT: &str = "approval.waiting";

/// Tells a webhook of waiting approvals.
pub(in crate::handlers) struct Approvals {
    pub(in crate::handlers) webhooks: Arc<Webhooks>,
    pub(in crate::handlers) hook: String,
}

impl Notifier for Approvals {
    fn notify<'a>(&'a self, notice: &'a Notice) -> Later<'a, Result<(), Error>> {
        Box::pin(async move {
            let Notice { run, question, .. } = notice;
            // A gate that is asked again, for other arguments, is another webhook.
            let key = format!("{EVENT}\n{run}\n{}\n{}", question.gate, question.digest);
            let sent = self.webhooks.send(&self.hook, EVENT, &key, &told(notice), None).await;
            let said = |error: Error| error.said(|message| self.webhooks.secrets.scrub(&message));
            sent.map(drop).map_err(said)
        })
    }
}

/// What is told: enough to decide by, and what the decision is bound to.
fn told(notice: &Notice) -> Json {
    let question = &notice.question;
    let ruling = question.ruling.as_ref();
    json!({
        "run": notice.run,
        "workflow": notice.workflow,
        "plan": notice.plan,
        "step": question.label,
        "gate": question.gate,
        "question": question.question,
        "requester": question.requester,
        "capability": question.capability,
        "arguments": question.input,
        "digest": question.digest,
        "approvers": question.approvers,
        "quorum": question.quorum,
        "deadline": question.expiry.map(text::time),
        "policy": ruling.map(|ruling| &ruling.policy),
        "rule": ruling.and_then(|ruling| ruling.rule.as_ref()),
        "risk": ruling.and_then(|ruling| ruling.risk.as_ref()),
        "reason": ruling.map(|ruling| &ruling.reason),
    })
}
