"""The shop's file as an import: its mapping, and what its log then says."""

MAPPING = """\
source: till
time_zone: Europe/London
group: {by: [InvoiceNo], items: products}
rules:
  - when: [{property: InvoiceNo, starts_with: C}, {property: CustomerID, not_equals: ''}]
    event: Order Refunded
    timestamp: &at {column: InvoiceDate, formats: ['%Y-%m-%d %H:%M:%S']}
    identifiers: &customer {user_id: {column: CustomerID, type: integer}}
    properties: &order
      order_id: InvoiceNo
      currency: {value: GBP}
      country: Country
      total: {sum: [Quantity, UnitPrice]}
    item: &line
      product_id: StockCode
      name: Description
      quantity: {column: Quantity, type: integer}
      price: {column: UnitPrice, type: number}
  - when: [{property: InvoiceNo, starts_with: C}]
    event: Order Refunded
    timestamp: *at
    identifiers: &receipt {anonymous_id: {column: InvoiceNo, prefix: receipt-}}
    properties: *order
    item: *line
  - when: [{property: CustomerID, not_equals: ''}]
    event: Order Completed
    timestamp: *at
    identifiers: *customer
    properties: *order
    item: *line
  - event: Order Completed
    timestamp: *at
    identifiers: *receipt
    properties: *order
    item: *line
"""
