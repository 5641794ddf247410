"""Widgets draw a value and emit messages; they ask nobody and start nothing."""
