//! `Shelf`: records by their ascending number, found without a search.
//!
//! Invariant: the newest `RECENT` numbers stand in a row; what is older and still kept stands in a map, so one record that
//! stays for years holds no room for all that came after it.
//! Absent on purpose: which records are kept (`register`).

use std::collections::{BTreeMap, VecDeque};

/// More than the register keeps of one account, so that with one account the map stays all but empty.
const RECENT: usize = 16_384;

#[derive(Debug, Clone)]
pub(super) struct Shelf<T> {
    /// The number of the first place of `recent`.
    first: i64,
    recent: VecDeque<Option<T>>,
    aged: BTreeMap<i64, T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { first: 1, recent: VecDeque::new(), aged: BTreeMap::new() }
    }
}

impl<T> Shelf<T> {
    /// Puts a record in its place. Numbers rise from 1; one that was passed over stays empty.
    pub(super) fn insert(&mut self, number: i64, record: T) {
        while self.first + (self.recent.len() as i64) < number {
            self.recent.push_back(None);
        }
        self.recent.push_back(Some(record));
        while self.recent.len() > RECENT || matches!(self.recent.front(), Some(None)) {
            let Some(oldest) = self.recent.pop_front() else { break };
            if let Some(kept) = oldest {
                self.aged.insert(self.first, kept);
            }
            self.first += 1;
        }
    }

    #[inline]
    pub(super) fn get(&self, number: i64) -> Option<&T> {
        match self.place(number) {
            Some(place) => self.recent.get(place)?.as_ref(),
            None => self.aged.get(&number),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: i64) -> Option<&mut T> {
        match self.place(number) {
            Some(place) => self.recent.get_mut(place)?.as_mut(),
            None => self.aged.get_mut(&number),
        }
    }

    pub(super) fn remove(&mut self, number: i64) -> Option<T> {
        match self.place(number) {
            Some(place) => self.recent.get_mut(place)?.take(),
            None => self.aged.remove(&number),
        }
    }

    /// By rising number.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.aged.values().chain(self.recent.iter().flatten())
    }

    /// The place in the row; `None` for a number that has left it.
    #[inline]
    fn place(&self, number: i64) -> Option<usize> {
        usize::try_from(number - self.first).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{RECENT, Shelf};

    #[test]
    fn a_record_is_found_by_its_number_however_old_it_is() {
        let mut shelf = Shelf::default();
        let last = 3 * RECENT as i64;
        for number in 1..=last {
            shelf.insert(number, number * 10);
            // One early record stays; of the others the newest hundred.
            if number > 100 && number - 100 != 7 {
                assert_eq!(shelf.remove(number - 100), Some((number - 100) * 10));
            }
        }
        assert_eq!(shelf.get(7), Some(&70));
        assert_eq!((shelf.get(8), shelf.get(last + 1), shelf.get(0)), (None, None, None));
        *shelf.get_mut(7).expect("it stayed") += 1;
        assert_eq!(shelf.iter().copied().next(), Some(71));
        assert_eq!(shelf.iter().count(), 101);
        assert!(shelf.recent.len() <= RECENT, "the row is bounded");
        assert_eq!((shelf.remove(7), shelf.remove(7)), (Some(71), None));
        assert_eq!(shelf.remove(last), Some(last * 10));
    }
}
