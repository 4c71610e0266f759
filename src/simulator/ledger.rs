//! The ledger: what every account holds free and locked, and how a fill moves it.
//!
//! Invariant: no balance is negative, free plus locked of an asset fits its range, and a fill changes the sum of all
//! balances by exactly what it trades and charges.
//! Absent on purpose: averages, positions and PnL; a venue does not know them.

use crate::domain::{Asset, Balance, Commission, Money, Price, Quantity, Side};

use super::fees::{FeePolicy, FeeSchedule};
use super::orders::AccountId;

#[derive(Debug, Clone)]
pub(super) struct Ledger {
    assets: Vec<Asset>,
    /// Balances of each account in the order of `assets`.
    accounts: Vec<Vec<Balance>>,
    /// Where fees are paid in BNB.
    bnb: Option<usize>,
}

/// One side of a fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Execution {
    pub(super) account: AccountId,
    pub(super) base: usize,
    pub(super) quote: usize,
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) is_maker: bool,
}

/// What a fill moved besides its quantity.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    pub(super) notional: Money,
    pub(super) commission: Commission,
    pub(super) fee_asset: usize,
}

impl Ledger {
    pub(super) fn new(fees: &FeeSchedule) -> Ledger {
        let mut ledger = Ledger { assets: Vec::new(), accounts: Vec::new(), bnb: None };
        match fees.policy {
            FeePolicy::Bnb { .. } => ledger.bnb = Some(ledger.index(&Asset::new("BNB"))),
            FeePolicy::Received | FeePolicy::Quote => {}
        }
        ledger
    }

    /// The index of an asset, entered where it is new.
    pub(super) fn index(&mut self, asset: &Asset) -> usize {
        if let Some(index) = self.assets.iter().position(|known| known == asset) {
            return index;
        }
        self.assets.push(asset.clone());
        for balances in &mut self.accounts {
            balances.push(Balance::empty(asset.clone()));
        }
        self.assets.len() - 1
    }

    pub(super) fn open_account(&mut self, balances: Vec<Balance>) -> AccountId {
        let mut opened: Vec<Balance> = self.assets.iter().cloned().map(Balance::empty).collect();
        for balance in balances {
            let index = self.index(&balance.asset);
            if index == opened.len() {
                opened.push(Balance::empty(balance.asset.clone()));
            }
            let held = &mut opened[index];
            held.locked = held.locked.saturating_add(balance.locked.max(Money::ZERO));
            let room = Money::MAX.saturating_sub(held.locked);
            held.free = held.free.saturating_add(balance.free.max(Money::ZERO)).min(room);
        }
        self.accounts.push(opened);
        AccountId((self.accounts.len() - 1) as u16)
    }

    pub(super) fn balances(&self, account: AccountId) -> &[Balance] {
        self.accounts.get(usize::from(account.0)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn free(&self, account: AccountId, asset: usize) -> Money {
        self.accounts[usize::from(account.0)][asset].free
    }

    /// True when `amount` more of the asset fits the range.
    pub(super) fn has_room(&self, account: AccountId, asset: usize, amount: Money) -> bool {
        let held = &self.accounts[usize::from(account.0)][asset];
        held.free.checked_add(held.locked).and_then(|total| total.checked_add(amount)).is_some()
    }

    /// True when both amounts of the fill fit the range, so that `settle` cannot fail.
    pub(super) fn fits(&self, execution: &Execution) -> bool {
        let Some(notional) = Money::notional(execution.price, execution.quantity) else { return false };
        match execution.side {
            Side::Buy => self.has_room(execution.account, execution.base, execution.quantity.as_money()),
            Side::Sell => self.has_room(execution.account, execution.quote, notional),
        }
    }

    /// Moves from free to locked; false, and nothing moved, when free does not cover it.
    pub(super) fn lock(&mut self, account: AccountId, asset: usize, amount: Money) -> bool {
        let held = self.held(account, asset);
        if amount > held.free {
            return false;
        }
        held.free = held.free.saturating_sub(amount);
        held.locked = held.locked.saturating_add(amount);
        true
    }

    /// Moves from locked to free.
    pub(super) fn release(&mut self, account: AccountId, asset: usize, amount: Money) {
        let held = self.held(account, asset);
        held.locked = less(held.locked, amount);
        held.free = more(held.free, amount);
    }

    /// Books one side of a fill that `fits` and that `lock` and the free balance cover. Spends from `lock` first.
    pub(super) fn settle(&mut self, fees: &FeeSchedule, execution: &Execution, lock: &mut Money) -> Booked {
        let Execution { account, base, quote, side, price, quantity, is_maker } = *execution;
        let rate = fees.rate(is_maker);
        let notional = Money::notional(price, quantity).expect("a fill that fits has a notional");
        let quote_fee = notional.fraction(rate).unwrap_or(Money::ZERO);
        match side {
            Side::Buy => {
                self.spend(account, quote, notional, lock);
                self.receive(account, base, quantity.as_money());
            }
            Side::Sell => {
                self.spend(account, base, quantity.as_money(), lock);
                self.receive(account, quote, notional);
            }
        }
        let received = match side {
            Side::Buy => (base, quantity.as_money().fraction(rate).unwrap_or(Money::ZERO)),
            Side::Sell => (quote, quote_fee),
        };
        let (fee_asset, fee) = match fees.policy {
            FeePolicy::Received => received,
            FeePolicy::Quote => (quote, quote_fee),
            FeePolicy::Bnb { .. } => match (self.bnb, fees.in_bnb(notional, rate)) {
                (Some(bnb), Some(fee)) if fee <= self.free(account, bnb) => (bnb, fee),
                (Some(_) | None, Some(_) | None) => received,
            },
        };
        match (fees.policy, side) {
            (FeePolicy::Quote, Side::Buy) => self.spend(account, quote, fee, lock),
            (FeePolicy::Quote, Side::Sell) | (FeePolicy::Received | FeePolicy::Bnb { .. }, Side::Buy | Side::Sell) => {
                let held = self.held(account, fee_asset);
                held.free = less(held.free, fee);
            }
        }
        let commission = Commission { asset: self.assets[fee_asset].clone(), amount: fee };
        Booked { notional, commission, fee_asset }
    }

    fn spend(&mut self, account: AccountId, asset: usize, amount: Money, lock: &mut Money) {
        let from_lock = amount.min(*lock);
        *lock = less(*lock, from_lock);
        let held = self.held(account, asset);
        held.locked = less(held.locked, from_lock);
        held.free = less(held.free, less(amount, from_lock));
    }

    fn receive(&mut self, account: AccountId, asset: usize, amount: Money) {
        let held = self.held(account, asset);
        held.free = more(held.free, amount);
    }

    fn held(&mut self, account: AccountId, asset: usize) -> &mut Balance {
        &mut self.accounts[usize::from(account.0)][asset]
    }
}

fn more(amount: Money, by: Money) -> Money {
    amount.checked_add(by).expect("amounts that were checked fit")
}

/// Takes away what is known to be there.
fn less(amount: Money, by: Money) -> Money {
    amount.checked_sub(by).filter(|rest| !rest.is_negative()).expect("a balance covers what was checked")
}
