"""Axial sections of motors, drawn as pictures: many times quicker than volumes."""

from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.section import Section, draw_section, image_section

__all__ = ["Section", "SectionConfig", "draw_section", "image_section"]
