"""The pydantic models of an order, as in generated SDKs."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class StatusQuantity(_Model):
    unit_of_measurement: str | None = None
    amount: str | None = None


class OrderLineStatus(_Model):
    status: str
    status_quantity: StatusQuantity | None = None


class OrderLineStatuses(_Model):
    order_line_status: list[OrderLineStatus] = Field(default_factory=list)


class Item(_Model):
    product_name: str | None = None
    sku: str | None = None


class OrderLine(_Model):
    line_number: str
    item: Item | None = None
    order_line_statuses: OrderLineStatuses | None = None


class OrderLines(_Model):
    order_line: list[OrderLine] = Field(default_factory=list)


class Order(_Model):
    purchase_order_id: str
    customer_order_id: str | None = None
    order_date: datetime | None = None
    order_lines: OrderLines | None = None


class OrderAnswer(_Model):
    order: Order
