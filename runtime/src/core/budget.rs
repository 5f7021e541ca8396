//! What a workflow may spend: held back before a call, settled after it.
//!
//! A call counts against its own workflow and every one around it. A rollback is never refused for want of money, calls or
//! time: what it spends is counted, and the proofs see to it that the budget bears it.

use super::command::{Command, Spending};
use super::failure::Failure;
use super::ids::{CallId, Place};
use super::machine::Machine;
use super::state::Spent;
use gov_plan::Decimal;
use gov_plan::model::Cost;
use gov_plan::text;

impl Machine<'_> {
    /// Holds back what an attempt may cost, or says which budget does not bear it.
    pub(super) fn reserve(&mut self, id: &CallId, cost: Option<Cost>) -> Result<(), Failure> {
        let around = self.around(&id.place);
        if !id.undo {
            for place in &around {
                self.bears(place, cost)?;
            }
        }
        for place in &around {
            if let Some(instance) = self.state.instances.get_mut(place) {
                instance.spent.calls = instance.spent.calls.saturating_add(1);
                instance.spent.reserve(cost);
            }
        }
        Ok(())
    }

    /// The attempt is over: what was held back for it is spent, or free again.
    pub(super) fn settle(&mut self, id: &CallId, spent: bool) {
        let cost = self.state.call(id).and_then(|call| call.cost);
        for place in &self.around(&id.place) {
            if let Some(instance) = self.state.instances.get_mut(place) {
                instance.spent.settle(cost, spent);
            }
        }
        self.spend_command(id, cost.filter(|_| spent), false);
    }

    pub(super) fn spend_command(&mut self, id: &CallId, cost: Option<Cost>, reserve: bool) {
        let spending = Spending {
            step: id.clone(),
            attempt: self.attempt(id),
            money: cost.map(|cost| text::money(cost.amount, cost.currency)),
            calls: 1,
        };
        self.commands.push(if reserve { Command::Reserve(spending) } else { Command::Settle(spending) });
    }

    fn bears(&self, place: &Place, cost: Option<Cost>) -> Result<(), Failure> {
        let Some(workflow) = self.workflow_of(place) else { return Ok(()) };
        let Some(instance) = self.state.instances.get(place) else { return Ok(()) };
        let (budget, spent, name) = (&workflow.budget, &instance.spent, &workflow.name);
        if let Some(calls) = budget.calls
            && spent.calls >= calls
        {
            return Err(Failure::new(format!("the budget of `{name}` of {calls} calls is spent")));
        }
        if instance.deadline.is_some_and(|deadline| self.state.now >= deadline) {
            let time = text::duration(budget.time.unwrap_or_default());
            return Err(Failure::new(format!("the budget of `{name}` of {time} is spent")));
        }
        let (Some(limit), Some(cost)) = (budget.money, cost) else { return Ok(()) };
        if limit.currency != cost.currency {
            let message =
                format!("a cost in {} cannot be counted against a budget in {}", cost.currency, limit.currency);
            return Err(Failure::new(message));
        }
        match spent.committed(cost).is_some_and(|total| total <= limit.amount) {
            true => Ok(()),
            false => {
                let limit = text::money(limit.amount, limit.currency);
                Err(Failure::new(format!("the budget of `{name}` of {limit} does not bear another call")))
            }
        }
    }

    /// The workflow of a statement, and those around it.
    fn around(&self, place: &Place) -> Vec<Place> {
        let mut next = self.state.statements.get(place).map(|statement| statement.instance.clone());
        let mut around = Vec::new();
        while let Some(place) = next {
            next = self.state.instances.get(&place).and_then(|instance| instance.parent.clone());
            around.push(place);
        }
        around
    }
}

impl Spent {
    /// What would be committed with this cost; nothing where it is more than a decimal holds.
    fn committed(&self, cost: Cost) -> Option<Decimal> {
        let of = |amounts: &std::collections::BTreeMap<_, Decimal>| {
            amounts.get(&cost.currency).copied().unwrap_or(Decimal::ZERO)
        };
        of(&self.money).checked_add(of(&self.reserved))?.checked_add(cost.amount)
    }

    fn reserve(&mut self, cost: Option<Cost>) {
        let Some(cost) = cost else { return };
        let reserved = self.reserved.entry(cost.currency).or_insert(Decimal::ZERO);
        *reserved = reserved.checked_add(cost.amount).unwrap_or(Decimal::MAX);
    }

    fn settle(&mut self, cost: Option<Cost>, spent: bool) {
        let Some(cost) = cost else { return };
        if let Some(reserved) = self.reserved.get_mut(&cost.currency) {
            *reserved = reserved.checked_sub(cost.amount).unwrap_or(Decimal::ZERO);
        }
        if spent {
            let money = self.money.entry(cost.currency).or_insert(Decimal::ZERO);
            *money = money.checked_add(cost.amount).unwrap_or(Decimal::MAX);
        }
    }
}
