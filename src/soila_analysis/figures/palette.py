"""The colours of all figures."""

TEXT, MUTED, RULE = "#1a1a1a", "#595959", "#d9d9d9"
GREY = "#767676"
# UK Government Analysis Function, categorical palette: each colour has a contrast of 3:1 or more
# with white and with its neighbour in this order.
PALETTE = ("#12436D", "#28A197", "#801650", "#F46A25")
BLUE, PLUM = PALETTE[0], PALETTE[2]
HEAT = ("#EEF3F8", "#BFD5EA", "#8DB8DF", "#12436D")
BOX = HEAT[0]
BLANK = "#f5f5f5"
