"""Worksheets for other places than an editor: notebooks, pages to print, spreadsheets."""
