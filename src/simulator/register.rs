//! The register: every order, list and trade the venue remembers, by account.
//!
//! Invariant: open records are always kept; of terminal ones and of trades the newest 10,000 of each account.
//! Absent on purpose: what a change means; `matching` and `admission` decide.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::{ClientOrderId, Money, OrderId, OrderListId};

use super::book::Place;
use super::orders::{AccountId, ListRecord, ListRef, OrderRecord, OrderRef, TradeRecord};
use super::shelf::Shelf;

/// How many terminal records and trades of an account stay queryable, unless its owner wants fewer.
const KEPT: usize = 10_000;

#[derive(Debug, Clone)]
pub(super) struct Register {
    /// Of terminal orders, done lists and trades of each account.
    pub(super) kept: usize,
    orders: Shelf<Order>,
    lists: Shelf<(AccountId, ListRecord)>,
    accounts: Vec<Drawer>,
    last_order: i64,
    last_list: i64,
}

/// An order and what only the venue knows of it.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) record: OrderRecord,
    pub(super) account: AccountId,
    /// What it still locks of the asset it spends.
    pub(super) locked: Money,
    /// The other leg, as long as it is open.
    pub(super) sibling: Option<OrderId>,
    pub(super) place: Place,
}

/// What belongs to one account. Only what is open is found by its client id at once: a terminal record is asked for
/// seldom, and an index of thousands of names would cost every order.
#[derive(Debug, Clone, Default)]
struct Drawer {
    /// By acceptance, which is by number.
    open: Vec<OrderId>,
    done: VecDeque<OrderId>,
    by_client: BTreeMap<ClientOrderId, OrderId>,
    open_lists: Vec<OrderListId>,
    done_lists: VecDeque<OrderListId>,
    lists_by_client: BTreeMap<ClientOrderId, OrderListId>,
    trades: VecDeque<TradeRecord>,
}

impl Default for Register {
    fn default() -> Self {
        Register {
            kept: KEPT,
            orders: Shelf::default(),
            lists: Shelf::default(),
            accounts: Vec::new(),
            last_order: 0,
            last_list: 0,
        }
    }
}

impl Register {
    pub(super) fn open_account(&mut self) {
        self.accounts.push(Drawer::default());
    }

    pub(super) fn has_account(&self, account: AccountId) -> bool {
        usize::from(account.0) < self.accounts.len()
    }

    pub(super) fn next_order_id(&mut self) -> OrderId {
        self.last_order += 1;
        OrderId(self.last_order)
    }

    pub(super) fn next_list_id(&mut self) -> OrderListId {
        self.last_list += 1;
        OrderListId(self.last_list)
    }

    pub(super) fn add(&mut self, order: Order) {
        let drawer = &mut self.accounts[usize::from(order.account.0)];
        drawer.open.push(order.record.order_id);
        drawer.by_client.insert(order.record.client_id.clone(), order.record.order_id);
        self.orders.insert(order.record.order_id.0, order);
    }

    pub(super) fn add_list(&mut self, account: AccountId, list: ListRecord) {
        let drawer = &mut self.accounts[usize::from(account.0)];
        drawer.open_lists.push(list.list_id);
        drawer.lists_by_client.insert(list.client_id.clone(), list.list_id);
        self.lists.insert(list.list_id.0, (account, list));
    }

    pub(super) fn add_trade(&mut self, account: AccountId, trade: TradeRecord) {
        let trades = &mut self.accounts[usize::from(account.0)].trades;
        if trades.len() >= self.kept {
            trades.pop_front();
        }
        trades.push_back(trade);
    }

    /// Puts a terminal order away, and the oldest one out where there are too many.
    pub(super) fn close(&mut self, id: OrderId) {
        let Some(order) = self.orders.get(id.0) else { return };
        let drawer = &mut self.accounts[usize::from(order.account.0)];
        forget(&mut drawer.open, id);
        drawer.by_client.remove(&order.record.client_id);
        drawer.done.push_back(id);
        if drawer.done.len() > self.kept
            && let Some(oldest) = drawer.done.pop_front()
        {
            self.orders.remove(oldest.0);
        }
    }

    /// Puts a finished list away, and the oldest one out where there are too many.
    pub(super) fn close_list(&mut self, account: AccountId, id: OrderListId) {
        let drawer = &mut self.accounts[usize::from(account.0)];
        forget(&mut drawer.open_lists, id);
        if let Some((_, list)) = self.lists.get(id.0) {
            drawer.lists_by_client.remove(&list.client_id);
        }
        drawer.done_lists.push_back(id);
        if drawer.done_lists.len() > self.kept
            && let Some(oldest) = drawer.done_lists.pop_front()
        {
            self.lists.remove(oldest.0);
        }
    }

    /// An order that the book or an index names; it must exist.
    pub(super) fn order(&self, id: OrderId) -> &Order {
        self.orders.get(id.0).expect("an order that the book names is in the register")
    }

    pub(super) fn order_mut(&mut self, id: OrderId) -> &mut Order {
        self.orders.get_mut(id.0).expect("an order that the book names is in the register")
    }

    pub(super) fn list(&self, id: OrderListId) -> Option<&ListRecord> {
        self.lists.get(id.0).map(|(_, list)| list)
    }

    pub(super) fn list_mut(&mut self, id: OrderListId) -> Option<&mut ListRecord> {
        self.lists.get_mut(id.0).map(|(_, list)| list)
    }

    /// The order of this account that the caller means: of one client id the newest, which is the open one or else the
    /// one that closed last, for an id is free again only when its order is done.
    pub(super) fn find(&self, account: AccountId, which: &OrderRef) -> Option<OrderId> {
        match which {
            OrderRef::Id(id) => self.orders.get(id.0).filter(|order| order.account == account).map(|_| *id),
            OrderRef::Client(client) => {
                let drawer = self.accounts.get(usize::from(account.0))?;
                let is_meant = |id: &&OrderId| self.order(**id).record.client_id == *client;
                drawer.by_client.get(client).or_else(|| drawer.done.iter().rev().find(is_meant)).copied()
            }
        }
    }

    pub(super) fn find_list(&self, account: AccountId, which: &ListRef) -> Option<OrderListId> {
        match which {
            ListRef::Id(id) => self.lists.get(id.0).filter(|(owner, _)| *owner == account).map(|_| *id),
            ListRef::Client(client) => {
                let drawer = self.accounts.get(usize::from(account.0))?;
                let is_meant = |id: &&OrderListId| self.list(**id).is_some_and(|list| list.client_id == *client);
                drawer.lists_by_client.get(client).or_else(|| drawer.done_lists.iter().rev().find(is_meant)).copied()
            }
        }
    }

    pub(super) fn is_open(&self, id: OrderId) -> bool {
        self.orders.get(id.0).is_some_and(|order| !order.record.status.is_terminal())
    }

    /// True when an open order of the account has this client id.
    pub(super) fn is_taken(&self, account: AccountId, client: &ClientOrderId) -> bool {
        self.accounts[usize::from(account.0)].by_client.contains_key(client)
    }

    /// True when an open list of the account has this client id.
    pub(super) fn is_list_taken(&self, account: AccountId, client: &ClientOrderId) -> bool {
        self.accounts[usize::from(account.0)].lists_by_client.contains_key(client)
    }

    pub(super) fn open(&self, account: AccountId) -> impl Iterator<Item = &Order> + use<'_> {
        let drawer = self.accounts.get(usize::from(account.0));
        drawer.into_iter().flat_map(|drawer| &drawer.open).map(|id| self.order(*id))
    }

    pub(super) fn all(&self, account: AccountId) -> impl Iterator<Item = &Order> + use<'_> {
        self.orders.iter().filter(move |order| order.account == account)
    }

    pub(super) fn open_lists(&self, account: AccountId) -> impl Iterator<Item = &ListRecord> + use<'_> {
        let drawer = self.accounts.get(usize::from(account.0));
        drawer.into_iter().flat_map(|drawer| &drawer.open_lists).filter_map(|id| self.list(*id))
    }

    pub(super) fn trades(&self, account: AccountId) -> impl Iterator<Item = &TradeRecord> + use<'_> {
        self.accounts.get(usize::from(account.0)).into_iter().flat_map(|drawer| &drawer.trades)
    }
}

/// Takes a number out of a rising row.
fn forget<Id: Ord>(row: &mut Vec<Id>, id: Id) {
    if let Ok(at) = row.binary_search(&id) {
        row.remove(at);
    }
}
