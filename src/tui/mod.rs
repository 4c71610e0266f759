//! The screen: a model, a pure update, a pure drawing, and one table of keys.
//!
//! Invariant: the screen decides nothing about trading; it shows snapshots and asks by commands.
//! Absent on purpose: where snapshots and vitals come from (`app`).

pub mod action;
pub mod backtest;
pub mod editor;
mod english;
pub mod format;
pub mod keymap;
pub mod message;
pub mod model;
pub mod models;
pub mod picture;
mod rgb;
pub mod screen;
pub mod svg;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod vitals;
pub mod widgets;
