"""Faces of one Quarter: plots, sentences, workbook and page. They compute nothing."""
