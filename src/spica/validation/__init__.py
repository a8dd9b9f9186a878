"""Validation: values to types, rules about values, messages by field. It knows neither HTTP nor models."""

from spica.validation.coerce import CoercionFailed, coerce
from spica.validation.errors import Errors
from spica.validation.messages import Message
from spica.validation.rules import Rule, RuleOptionError, build_rules

__all__ = ["CoercionFailed", "Errors", "Message", "Rule", "RuleOptionError", "build_rules", "coerce"]
