"""The live view in a terminal: markets, a book, trades, candles, your orders, and how every stream is.

Everything that decides what is seen is plain state and functions from it to lines of text; they know no terminal and no clock:

model       what is known: fed with messages, answers and looks at the book and the account
candles, tape   the candles and the trades of one market
chart, book_picture, listings, health_picture, heading   what is drawn of it
table, paper, figures   columns, lines of styled text, numbers as text
permit      whose prices these are, and what may be sent
ticket      what somebody typed, as an order or as what is wrong with it

feed        joins the model to a client: its streams, its books, its account

The shell is thin, and the only part that knows Textual:

app         the screen, its keys, and its ten pictures a second
canvas, panels   widgets that show lines
dialogs     the order form, the question before an order with real money, the search, the help
run         from a client to the screen
"""
