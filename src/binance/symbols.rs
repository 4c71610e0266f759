//! `SymbolTable`: the run's symbols by name and by id.
//!
//! Invariant: a symbol's id is its place in the run's list.
//! Absent on purpose: rules; the engine has them.

use crate::domain::{Symbol, SymbolId};

#[derive(Debug, Clone)]
pub(super) struct SymbolTable(Vec<Symbol>);

impl SymbolTable {
    pub fn new(symbols: Vec<Symbol>) -> SymbolTable {
        SymbolTable(symbols)
    }

    /// A run has few symbols: comparing them all is faster than hashing the name.
    pub fn id(&self, name: &str) -> Option<SymbolId> {
        let at = self.0.iter().position(|symbol| symbol.as_str() == name)?;
        u16::try_from(at).ok().map(SymbolId)
    }

    pub fn name(&self, id: SymbolId) -> Option<&str> {
        self.0.get(id.index()).map(Symbol::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Symbol> {
        self.0.iter()
    }
}
