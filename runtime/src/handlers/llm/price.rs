//! What a model costs.

use crate::deployment::Section;
use crate::gate::Error;
use gov_plan::Decimal;
use gov_plan::model::Cost;
use gov_plan::text;
use gov_plan::types::Currency;

/// Tokens that services add around a prompt; more than any is known to.
const AROUND: i64 = 256;

/// What a million tokens cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices {
    input: Decimal,
    output: Decimal,
    currency: Currency,
}

impl Prices {
    pub(super) fn read(section: &Section<'_>) -> Option<Prices> {
        let price = |key: &str| {
            let parse = |text: &str| text::parse_money(text).filter(|(amount, _)| !amount.is_negative());
            section.parsed(key, "an amount of money, such as `\"2.50 USD\"`", parse)
        };
        let (input, output) = (price("input_price"), price("output_price"));
        let ((input, currency), (output, other)) = (input?, output?);
        if currency != other {
            section.wrong("output_price", "both prices are in one currency");
            return None;
        }
        Some(Prices { input, output, currency })
    }

    /// What so many tokens cost, as it is written; `None` where it is too large an amount.
    pub(super) fn of(&self, input: i64, output: i64) -> Option<String> {
        self.amount(input, output).map(|amount| text::money(amount, self.currency))
    }

    /// Whether a call keeps to what its capability says that it costs. A token is a byte at least, so that a prompt has no
    /// more tokens than bytes.
    pub(super) fn admit(&self, name: &str, prompt: usize, most: i64, declared: Option<Cost>) -> Result<(), Error> {
        let prompt = i64::try_from(prompt).ok().and_then(|prompt| prompt.checked_add(AROUND)).unwrap_or(i64::MAX);
        let Some(amount) = self.amount(prompt, most) else {
            return Err(Error::Permanent(format!("the prompt for the model `{name}` is too long")));
        };
        let free = amount.units() == 0;
        let within =
            declared.is_some_and(|cost| cost.currency == self.currency && amount.units() <= cost.amount.units());
        if free || within {
            return Ok(());
        }
        let may = declared.map_or("nothing".to_owned(), |cost| text::money(cost.amount, cost.currency));
        let could = text::money(amount, self.currency);
        Err(Error::Permanent(format!(
            "the model `{name}` could cost {could}, and the call may cost {may}: it is not made"
        )))
    }

    fn amount(&self, input: i64, output: i64) -> Option<Decimal> {
        let tokens = |count: i64, price: Decimal| {
            let millionth = Decimal::from_units(price.units() / 1_000_000)?;
            Decimal::from_int(count)?.checked_mul(millionth)
        };
        tokens(input, self.input)?.checked_add(tokens(output, self.output)?)
    }
}
