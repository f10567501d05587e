"""Notebooks become reports: complete or absent."""
